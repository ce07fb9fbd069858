// Compiles every .sol file here to <Contract>.json: creation code, runtime code and ABI. Run by scripts/compile-sol.
const fs = require('fs');
const path = require('path');
const solc = require('solc');

const names = fs.readdirSync(__dirname).filter((name) => name.endsWith('.sol')).sort();
const sources = Object.fromEntries(names.map((name) => [name, { content: fs.readFileSync(path.join(__dirname, name), 'utf8') }]));
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'prague',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};
const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
const errors = (output.errors || []).filter((error) => error.severity === 'error');
errors.forEach((error) => console.error(error.formattedMessage));
if (errors.length > 0) process.exit(1);
for (const name of names) {
  for (const [contract, made] of Object.entries(output.contracts[name])) {
    if (made.evm.bytecode.object === '') continue; // an interface
    const text = { compiler: solc.version(), source: name, abi: made.abi, bytecode: made.evm.bytecode.object, runtime: made.evm.deployedBytecode.object };
    fs.writeFileSync(path.join(__dirname, `${contract}.json`), `${JSON.stringify(text, null, 1)}\n`);
    console.log(contract);
  }
}
