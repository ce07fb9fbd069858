// Generated from abi/credits.json by scripts/generate.mjs.
export const creditsAbi = [
  {"type":"function","name":"count","inputs":[],"outputs":[{"name":"","type":"uint32"}],"stateMutability":"view"},
  {"type":"function","name":"createCommunity","inputs":[{"name":"name","type":"string"},{"name":"symbol","type":"string"},{"name":"decimals","type":"uint8"},{"name":"currency","type":"bytes3"},{"name":"role","type":"uint8"},{"name":"value","type":"uint256"},{"name":"periodMs","type":"uint64"}],"outputs":[{"name":"credit","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"createReserve","inputs":[{"name":"name","type":"string"},{"name":"symbol","type":"string"},{"name":"decimals","type":"uint8"},{"name":"currency","type":"bytes3"},{"name":"issuer","type":"address"}],"outputs":[{"name":"credit","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"event","name":"Created","inputs":[{"name":"credit","type":"address","indexed":true},{"name":"creator","type":"address","indexed":true},{"name":"name","type":"string","indexed":false},{"name":"symbol","type":"string","indexed":false}],"anonymous":false},
  {"type":"error","name":"BadDescription","inputs":[{"name":"field","type":"uint8"}]},
] as const;
