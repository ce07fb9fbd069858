// A proof in a QR code, as a picture has it. The picture stays in the page.
import { fromLetters } from '@dure/sdk/proof';

/** Largest file of a picture, and the side to which a larger picture is made smaller. */
export const PICTURE_MAX_BYTES = 32 << 20;
const SIDE_MAX_PX = 2_400;
/** Sizes at which a picture is searched: the library stumbles over some lines at one size and reads them at the next. */
const SCALES = [1, 0.75, 0.6, 0.45];
/** How long a still picture is searched at each. */
const SEARCH_MAX_MS = 2_000;
/** How long one of a camera's pictures is: the next one comes soon. */
const GLANCE_MAX_MS = 150;

/** The browser's own reader, where it has one (Chrome on phones and on macOS): not in TypeScript's library yet. */
interface Detector {
  detect(picture: HTMLCanvasElement): Promise<{ rawValue: string }[]>;
}
type DetectorClass = { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

async function byBrowser(picture: HTMLCanvasElement): Promise<string[]> {
  const Own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  try {
    if (!Own || !(await Own.getSupportedFormats()).includes('qr_code')) return [];
    return (await new Own({ formats: ['qr_code'] }).detect(picture)).map(({ rawValue }) => rawValue);
  } catch {
    return []; // a browser without the part that it promises: the library reads instead
  }
}

async function byLibrary(picture: HTMLCanvasElement, timeLimit: number): Promise<string[]> {
  const { decodeQR } = await import('qr/decode.js');
  const { width, height } = picture;
  const pixels = picture.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, width, height);
  try {
    return [decodeQR(pixels, { timeLimit })];
  } catch {
    return []; // the library's way of saying that there is none
  }
}

async function search(picture: HTMLCanvasElement, timeLimit: number): Promise<Uint8Array | undefined> {
  const found = (texts: string[]) => texts.map(fromLetters).find((proof) => proof !== undefined);
  return found(await byBrowser(picture)) ?? found(await byLibrary(picture, timeLimit));
}

/** On white, because a drawing may have no ground of its own. */
function draw(source: CanvasImageSource, [width, height]: [number, number], scale: number, canvas: HTMLCanvasElement): HTMLCanvasElement {
  const fit = scale * Math.min(1, SIDE_MAX_PX / Math.max(width, height, 1));
  [canvas.width, canvas.height] = [Math.max(1, Math.round(width * fit)), Math.max(1, Math.round(height * fit))];
  const pen = canvas.getContext('2d', { willReadFrequently: true })!;
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The proof in the QR code of a picture file; nothing where there is none. */
export async function fromPicture(file: Blob): Promise<Uint8Array | undefined> {
  if (file.size > PICTURE_MAX_BYTES) return undefined;
  const image = new Image();
  // Not a blob's address: the page's policy takes pictures of its own and those written out.
  image.src = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  try {
    await image.decode();
  } catch {
    return undefined; // no picture
  }
  const canvas = document.createElement('canvas');
  for (const scale of SCALES) {
    const proof = await search(draw(image, [image.naturalWidth, image.naturalHeight], scale, canvas), SEARCH_MAX_MS);
    if (proof) return proof;
  }
  return undefined;
}

/** The proof in what a camera shows at its look of this number. */
export function fromCamera(video: HTMLVideoElement, look: number, canvas: HTMLCanvasElement): Promise<Uint8Array | undefined> {
  return search(draw(video, [video.videoWidth, video.videoHeight], SCALES[look % SCALES.length]!, canvas), GLANCE_MAX_MS);
}
