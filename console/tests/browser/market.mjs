// Energy markets for the browser tests: opened from a file by `dure energy open`, meters put in and attested, bids sealed and opened, and a solver that is a
// program of its own. On a chain six hundred times as fast as the wall.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { concat, decodeFunctionResult, encodeFunctionData, keccak256, stringToHex } from 'viem';
import { abi, account, CREDIT, Key, little, rpc, send } from './chain.mjs';

export const ENERGY = '0xd00e000000000000000000000000000000000011';
export const DAY_SLOTS = 96;
const [DAY_MS, MINUTE_MS] = [86_400_000, 60_000];
const SALT = `0x${'5e'.repeat(32)}`;
const DEPOSIT_NANO = 100_000_000n;
const OPERATOR = 0;
const energyAbi = abi('energy');
export const energy = (node, index, functionName, args) => send(node, index, ENERGY, energyAbi, functionName, args);
export async function view(node, functionName, args) {
  const data = await rpc(node, 'eth_call', { to: ENERGY, data: encodeFunctionData({ abi: energyAbi, functionName, args }) }, 'latest');
  return decodeFunctionResult({ abi: energyAbi, functionName, data });
}

const little64 = (value) => little(BigInt.asUintN(64, BigInt(value)), 8);
/** The borsh encoding of a bid. */
export function encodeBid({ orders = [], battery }) {
  const listed = orders.map(({ slot, buys, wh, limit }) => concat([little(slot, 1), little(buys ? 1 : 0, 1), little(wh, 4), little64(limit)]));
  const { charge, discharge, capacity, initial, wear, final } = battery ?? {};
  const kept = battery ? concat(['0x01', ...[charge, discharge, capacity, initial].map((wh) => little(wh, 4)), little64(wear), little64(final)]) : '0x00';
  return concat([little(listed.length, 4), ...listed, kept]);
}

/** Minutes of the chain from now until the gate: ten of them are a second of the wall. */
const UNTIL_GATE = 130;
/** From the gate on: to open the bids, and to work a clearing out. */
const [REVEAL, SOLVE] = [40, 240];

/** The first day whose gate can be set so that it comes soon, and that gate. */
export async function soonestDay(node) {
  const { timestampMs, timestamp } = await rpc(node, 'eth_getBlockByNumber', 'latest', false);
  const nowMs = timestampMs ? Number(timestampMs) : Number(timestamp) * 1_000;
  const gateMs = nowMs + UNTIL_GATE * MINUTE_MS;
  const minutesLeft = (day) => Math.floor((day * DAY_MS - gateMs) / MINUTE_MS);
  const today = Math.floor(gateMs / DAY_MS);
  const day = minutesLeft(today + 1) > REVEAL + SOLVE + 60 ? today + 1 : today + 2;
  return { day, gateMinutes: Math.min(minutesLeft(day), 24 * 60) };
}

export const dure = async (node, ...args) => (await promisify(execFile)(process.env.DURE, [...args, '--rpc', node.url, '--json'])).stdout;

/** Opens a market of the operator and gives its id. `zones` as in the file. */
export async function open(node, name, gateMinutes, zones) {
  const file = path.join(node.folder, `${name}.toml`);
  fs.writeFileSync(file, `name = "${name}"\ncredit = "${CREDIT}"\nsupplier = "${account(9).address}"\nretail = 0.32\nfeed_in = 0.08\nday_gate_minutes = ${gateMinutes}
slot_gate_minutes = ${REVEAL + SOLVE + 5}\nreveal_minutes = ${REVEAL}\nsolve_minutes = ${SOLVE}\nreading_minutes = 15\n${zones}`);
  return JSON.parse(await dure(node, 'energy', 'open', file, '--from', `test/${OPERATOR}`)).market;
}

/** Puts in and attests a meter of `index`, fills its purse, and seals its bid. Gives what opens it. */
async function seal(node, market, firstSlot, index, zone, bid) {
  const key = new Key();
  const owner = account(index).address;
  const meter = keccak256(concat([stringToHex('dure.meter'), key.borshKey]));
  const possession = key.sign('dure.meter.possession', concat([little(node.chainId, 8), ENERGY, owner, market, key.borshKey]));
  const auction = await view(node, 'auctionId', [market, firstSlot, DAY_SLOTS]);
  const bytes = encodeBid(bid);
  await energy(node, index, 'registerMeter', [market, zone, 0, key.key, 10_000, 10_000, possession]);
  return {
    meter, auction, index, bytes,
    commit: async () => {
      await energy(node, index, 'deposit', [market, 6_000n]);
      const held = (await view(node, 'costOf', [bytes])) + DEPOSIT_NANO;
      const sealed = keccak256(concat([stringToHex('dure.bid'), auction, meter, owner, SALT, bytes]));
      await energy(node, index, 'commit', [market, firstSlot, DAY_SLOTS, meter, sealed, held]);
    },
  };
}

export async function until(what, look, ms = 60_000) {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error(`${what}: not within ${ms} ms`);
}

/** The auctions of these markets' first day, from sealed to cleared. `homes` are { market, index, zone, bid }; each account has one at most. */
export async function clear(node, day, homes) {
  const firstSlot = day * DAY_SLOTS;
  const sealed = await Promise.all(homes.map(({ market, index, zone, bid }) => seal(node, market, firstSlot, index, zone, bid)));
  for (const { meter } of sealed) await energy(node, OPERATOR, 'attestMeter', [meter, true]);
  await Promise.all(sealed.map(({ commit }) => commit()));
  const auctions = [...new Set(sealed.map(({ auction }) => auction))];
  const at = async (stage) => (await Promise.all(auctions.map((id) => view(node, 'auction', [id])))).every((record) => record.stage >= stage);
  await until('the gate', () => at(1));
  await Promise.all(sealed.map(({ auction, meter, index, bytes }) => energy(node, index, 'reveal', [auction, meter, SALT, bytes])));
  await until('the clearing', () => at(3));
  return { firstSlot, sealed, auctions };
}

/** A solver with the purse of `index`, as a process. */
export function solver(node, index) {
  const log = fs.openSync(path.join(node.folder, 'solver.log'), 'w');
  const child = spawn(process.env.DURE, ['energy', 'solve', '--from', `test/${index}`, '--rpc', node.url, '--json'], { stdio: ['ignore', log, log] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return { stop: () => (process.off('exit', kill), child.kill('SIGTERM'), new Promise((resolve) => child.once('exit', resolve))) };
}

/** Homes of a street: roofs by the sun, houses by the hour, two batteries. */
const sun = (slot) => Math.max(0, Math.sin(((slot - 24) / 48) * Math.PI));
const evening = (slot) => 0.35 + 0.65 * Math.exp(-(((slot - 76) / 9) ** 2)) + 0.3 * Math.exp(-(((slot - 30) / 6) ** 2));
const each = (of) => Array.from({ length: DAY_SLOTS }, (_, slot) => of(slot)).filter(({ wh }) => wh > 0);
export const roof = (peak, limit) => ({ orders: each((slot) => ({ slot, buys: false, wh: Math.round(peak * sun(slot)), limit })) });
export const house = (peak, limit) => ({ orders: each((slot) => ({ slot, buys: true, wh: Math.round(peak * evening(slot)), limit: limit + (slot % 7) * 1_000 })) });
export const battery = (capacity) => ({ battery: { charge: 1_500, discharge: 1_500, capacity, initial: capacity / 5, wear: 20_000, final: 100_000 } });

export const STREET = `[[zone]]\nname = "Square"\nup_kw = 8\ndown_kw = 40\n[[zone]]\nname = "Linden row"\nparent = "Square"\nup_kw = 6\ndown_kw = 12\nfee = 0.01
[[zone]]\nname = "Mill lane"\nparent = "Square"\nup_kw = 12\ndown_kw = 12\nfee = 0.01\n`;
export const YARD = '[[zone]]\nname = "Yard"\nup_kw = 20\ndown_kw = 20\n';
