// A node of its own for one test file: started here, ended here.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

/** How long the node may take until its first line, milliseconds; a build without optimisation is slow. */
const READY_MAX_MS = 60_000;

/** Starts `$DURE`; answers its addresses and how to end it. */
export async function startNode() {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'dure-sdk-'));
  const node = spawn(process.env.DURE, ['dev', '--empty', '--http', '127.0.0.1:0', '--data', path.join(data, 'chain'), '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => node.once('exit', resolve));
  const stop = async () => {
    node.kill();
    await ended;
    fs.rmSync(data, { recursive: true });
  };
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('the node said nothing')), READY_MAX_MS).unref());
  const first = new Promise((resolve, reject) => {
    readline.createInterface({ input: node.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    ended.then((code) => reject(new Error(`the node ended with ${code}`)));
  });
  try {
    return { ...(await Promise.race([first, late])), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
