// Generated from abi/module.json by scripts/generate.mjs.
export const moduleAbi = [
  {"type":"error","name":"DelegateCallNotAllowed","inputs":[]},
  {"type":"error","name":"Malformed","inputs":[]},
  {"type":"error","name":"NotAModule","inputs":[{"name":"at","type":"address"}]},
  {"type":"error","name":"NotPayable","inputs":[]},
  {"type":"error","name":"StaticCallNotAllowed","inputs":[]},
  {"type":"error","name":"UnknownSelector","inputs":[{"name":"selector","type":"bytes4"}]},
] as const;
