// One contact sheet of each page out of the pictures that pages.test.mjs took: both languages, light and dark, desk and phone. Arguments: the
// folder of the pictures, the folder of the sheets. Chromium draws them; the folder gets a README.md that shows them all.
import fs from 'node:fs';
import path from 'node:path';
import { launch } from './browser.mjs';

const [from, to] = process.argv.slice(2);
const LOOKS = ['en', 'ko'].flatMap((lang) => ['light', 'dark'].flatMap((theme) => [1280, 360].map((width) => `${lang}-${theme}-${width}`)));
/** How large the pictures of a desk and of a phone are in a sheet, and the space between them. */
const SCALE = { 1280: 0.46, 360: 0.58 };
const GAP_PX = 12;
/** What of a page is shown from its top. */
const SHOWN_MAX_PX = 1_300;
/** The best quality whose sheet is small enough is taken. */
const QUALITIES = [0.7, 0.55, 0.4, 0.25];
const SHEET_MAX_BYTES = 90_000;
const ALL_MAX_BYTES = 3_000_000;

/** Runs in the page: draws the pictures row by row, a language each, and gives a WebP as base64. */
async function draw({ rows, gap, qualities, max, shown }) {
  const loaded = await Promise.all(rows.map((row) => Promise.all(row.map(async ({ src, scale }) => {
    const whole = await createImageBitmap(await (await fetch(src)).blob());
    const image = await createImageBitmap(whole, 0, 0, whole.width, Math.min(whole.height, shown));
    return { image, width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
  }))));
  const width = Math.max(...loaded.map((row) => row.reduce((sum, one) => sum + one.width + gap, gap)));
  const heights = loaded.map((row) => Math.max(...row.map((one) => one.height)));
  const canvas = Object.assign(document.createElement('canvas'), { width, height: heights.reduce((sum, one) => sum + one + gap, gap) });
  const paper = canvas.getContext('2d');
  paper.imageSmoothingQuality = 'high';
  paper.fillStyle = '#8a8f98';
  paper.fillRect(0, 0, canvas.width, canvas.height);
  let y = gap;
  loaded.forEach((row, at) => {
    let x = gap;
    for (const { image, width, height } of row) {
      paper.drawImage(image, x, y, width, height);
      x += width + gap;
    }
    y += heights[at] + gap;
  });
  const made = qualities.map((quality) => canvas.toDataURL('image/webp', quality).split(',')[1]);
  return made.find((one) => one.length * 0.75 <= max) ?? made.at(-1);
}

const END = `-${LOOKS[0]}.png`;
const names = fs.readdirSync(from).filter((file) => file.endsWith(END)).map((file) => file.slice(0, -END.length)).sort();
const missing = names.flatMap((name) => LOOKS.map((look) => `${name}-${look}.png`)).filter((file) => !fs.existsSync(path.join(from, file)));
if (names.length === 0 || missing.length > 0) throw new Error(`no picture of every look in ${from}: ${missing.join(', ')}`);

const browser = await launch();
const page = await browser.newPage();
fs.rmSync(to, { recursive: true, force: true });
fs.mkdirSync(to, { recursive: true });
let total = 0;
for (const name of names) {
  const picture = (look) => ({ src: `data:image/png;base64,${fs.readFileSync(path.join(from, `${name}-${look}.png`), 'base64')}`, scale: SCALE[look.split('-').at(-1)] });
  const rows = [LOOKS.slice(0, 4), LOOKS.slice(4)].map((row) => row.map(picture));
  const bytes = Buffer.from(await page.evaluate(draw, { rows, gap: GAP_PX, qualities: QUALITIES, max: SHEET_MAX_BYTES, shown: SHOWN_MAX_PX }), 'base64');
  fs.writeFileSync(path.join(to, `${name}.webp`), bytes);
  total += bytes.length;
}
await browser.close();

const shown = names.map((name) => `## ${name}\n\n![${name} in English and Korean, light and dark, on a desk and on a phone](${name}.webp)\n`);
fs.writeFileSync(path.join(to, 'README.md'), `# Every page of the console

Each in English (above) and Korean, light and dark, at 1280 and 360 px, as far as ${SHOWN_MAX_PX.toLocaleString('en')} px down. Made from a running node by
\`bash console/tests/browser/screenshots\` ([console/README.md](../../console/README.md)); names are those of \`console/tests/browser/scene.mjs\`.

${shown.join('\n')}`);
console.log(`${names.length} sheets, ${total} bytes`);
if (total > ALL_MAX_BYTES) throw new Error(`the sheets have ${total} bytes, at most ${ALL_MAX_BYTES} are kept`);
