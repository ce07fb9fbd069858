// Generated from abi/disputes.json by scripts/generate.mjs.
export const disputesAbi = [
  {"type":"function","name":"get","inputs":[{"name":"dispute","type":"bytes32"}],"outputs":[{"name":"","type":"tuple","components":[{"name":"id","type":"bytes32"},{"name":"module","type":"address"},{"name":"claimant","type":"address"},{"name":"respondent","type":"address"},{"name":"arbiter","type":"address"},{"name":"fallbackArbiter","type":"address"},{"name":"defaultPercent","type":"uint8"},{"name":"stage","type":"uint8"},{"name":"deadlineMs","type":"uint64"},{"name":"endMs","type":"uint64"}]}],"stateMutability":"view"},
  {"type":"function","name":"rule","inputs":[{"name":"dispute","type":"bytes32"},{"name":"percent","type":"uint8"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"runDeadline","inputs":[{"name":"dispute","type":"bytes32"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"event","name":"Closed","inputs":[{"name":"dispute","type":"bytes32","indexed":true}],"anonymous":false},
  {"type":"event","name":"Opened","inputs":[{"name":"dispute","type":"bytes32","indexed":true},{"name":"claimant","type":"address","indexed":true},{"name":"respondent","type":"address","indexed":true},{"name":"module","type":"address","indexed":false},{"name":"arbiter","type":"address","indexed":false},{"name":"deadlineMs","type":"uint64","indexed":false}],"anonymous":false},
  {"type":"event","name":"PassedOn","inputs":[{"name":"dispute","type":"bytes32","indexed":true},{"name":"fallbackArbiter","type":"address","indexed":true},{"name":"deadlineMs","type":"uint64","indexed":false}],"anonymous":false},
  {"type":"event","name":"Ruled","inputs":[{"name":"dispute","type":"bytes32","indexed":true},{"name":"by","type":"address","indexed":true},{"name":"percent","type":"uint8","indexed":false},{"name":"byDefault","type":"bool","indexed":false}],"anonymous":false},
  {"type":"error","name":"BadPercent","inputs":[{"name":"percent","type":"uint8"}]},
  {"type":"error","name":"NotDue","inputs":[{"name":"deadlineMs","type":"uint64"}]},
  {"type":"error","name":"NotYourTurn","inputs":[{"name":"caller","type":"address"},{"name":"turn","type":"address"}]},
  {"type":"error","name":"UnknownDispute","inputs":[{"name":"dispute","type":"bytes32"}]},
] as const;
