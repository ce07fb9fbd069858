// build/ (made by Vite, not kept) → dist/ (kept, embedded in the node): every file, and beside what compresses well FILE.br.
// A .br that still opens to the same bytes is left as it is, so that another version of brotli does not change dist/.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const root = path.join(import.meta.dirname, '..');
const [build, dist] = [path.join(root, 'build'), path.join(root, 'dist')];
const COMPRESSED = ['.js', '.css', '.html', '.svg', '.webmanifest'];

const files = fs.readdirSync(build, { recursive: true }).map(String).filter((file) => fs.statSync(path.join(build, file)).isFile());
const kept = new Set();
for (const file of files) {
  const bytes = fs.readFileSync(path.join(build, file));
  put(file, bytes);
  if (COMPRESSED.includes(path.extname(file))) put(`${file}.br`, packed(path.join(dist, `${file}.br`), bytes));
}
const old = fs.readdirSync(dist, { recursive: true }).map(String).filter((file) => fs.statSync(path.join(dist, file)).isFile());
for (const file of old.filter((file) => !kept.has(file))) fs.rmSync(path.join(dist, file));
fs.rmSync(build, { recursive: true });

function put(file, bytes) {
  const target = path.join(dist, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  if (!fs.existsSync(target) || !fs.readFileSync(target).equals(bytes)) fs.writeFileSync(target, bytes);
  kept.add(file);
}

function packed(target, bytes) {
  if (fs.existsSync(target)) {
    const now = fs.readFileSync(target);
    try {
      if (zlib.brotliDecompressSync(now).equals(bytes)) return now;
    } catch {
      // no brotli: made again
    }
  }
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return zlib.brotliCompressSync(bytes, { params });
}
