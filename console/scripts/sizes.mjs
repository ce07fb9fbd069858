// What a first visit and what a page costs, in bytes of brotli JavaScript. Fails where a bound is passed.
import fs from 'node:fs';
import path from 'node:path';

const FIRST_LOAD_MAX = 120_000;
const LAZY_PAGE_MAX = 60_000;
const dist = path.join(import.meta.dirname, '../dist');
const index = fs.readFileSync(path.join(dist, 'index.html'), 'utf8');
const size = (file) => fs.statSync(path.join(dist, `${file}.br`)).size;
const imports = (file) => {
  const text = fs.readFileSync(path.join(dist, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+\.js)["']/g);
  return [...found].map(([, name]) => `assets/${name}`);
};
const closure = (start) => {
  const seen = new Set();
  const stack = [...start];
  while (stack.length > 0) {
    const file = stack.pop();
    if (seen.has(file)) continue;
    seen.add(file);
    stack.push(...imports(file));
  }
  return seen;
};

const first = closure([...index.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file]) => file));
const total = [...first].reduce((sum, file) => sum + size(file), 0);
const rows = [['first load', total, FIRST_LOAD_MAX]];
const lazy = fs.readdirSync(path.join(dist, 'assets')).filter((file) => file.endsWith('.js') && !first.has(`assets/${file}`));
for (const file of lazy) {
  const own = [...closure([`assets/${file}`])].filter((one) => !first.has(one)).reduce((sum, one) => sum + size(one), 0);
  rows.push([file, own, LAZY_PAGE_MAX]);
}
for (const [name, bytes, max] of rows) console.log(`${String(bytes).padStart(8)} of ${max}  ${name}`);
process.exit(rows.some(([, bytes, max]) => bytes > max) ? 1 : 0);
