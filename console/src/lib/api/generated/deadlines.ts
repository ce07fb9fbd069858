// Generated from abi/deadlines.json by scripts/generate.mjs.
export const deadlinesAbi = [
  {"type":"event","name":"Failed","inputs":[{"name":"kind","type":"uint8","indexed":true},{"name":"id","type":"bytes32","indexed":true}],"anonymous":false},
  {"type":"error","name":"Full","inputs":[{"name":"atMs","type":"uint64"}]},
] as const;
