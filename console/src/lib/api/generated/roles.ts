// Generated from abi/roles.json by scripts/generate.mjs.
export const rolesAbi = [
  {"type":"function","name":"grant","inputs":[{"name":"role","type":"uint8"},{"name":"to","type":"address"},{"name":"untilMs","type":"uint64"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"has","inputs":[{"name":"role","type":"uint8"},{"name":"who","type":"address"}],"outputs":[{"name":"","type":"bool"}],"stateMutability":"view"},
  {"type":"function","name":"renounce","inputs":[{"name":"role","type":"uint8"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"revoke","inputs":[{"name":"role","type":"uint8"},{"name":"from","type":"address"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"event","name":"Ended","inputs":[{"name":"role","type":"uint8","indexed":true},{"name":"holder","type":"address","indexed":true}],"anonymous":false},
  {"type":"event","name":"Granted","inputs":[{"name":"role","type":"uint8","indexed":true},{"name":"holder","type":"address","indexed":true},{"name":"issuer","type":"address","indexed":true},{"name":"untilMs","type":"uint64","indexed":false}],"anonymous":false},
  {"type":"error","name":"BadUntil","inputs":[{"name":"untilMs","type":"uint64"},{"name":"minMs","type":"uint64"},{"name":"maxMs","type":"uint64"}]},
  {"type":"error","name":"HeldFromOther","inputs":[{"name":"issuer","type":"address"}]},
  {"type":"error","name":"NotHeld","inputs":[{"name":"role","type":"uint8"},{"name":"holder","type":"address"}]},
  {"type":"error","name":"NotIssuerOfRole","inputs":[{"name":"role","type":"uint8"},{"name":"caller","type":"address"}]},
] as const;
