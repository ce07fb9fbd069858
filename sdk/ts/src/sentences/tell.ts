/**
 * Refusals, events and calls as sentences.
 *
 * A sentence holds placeholders `{fact}` or `{fact|kind}`; `terms.price` looks into a struct. Without a kind it follows from
 * the fact's type and name. `{이/가}` and its like choose a Korean particle by the word before.
 */
import { type Abi, type AbiParameter, type Hex, decodeEventLog, decodeFunctionData } from 'viem';
import { names } from '../generated/names.js';
import type { Refusal } from '../refusal.js';
import { interfaceAt } from '../interfaces.js';
import { callSentences } from './calls.js';
import { eventSentences } from './events.js';
import { particle } from './particle.js';
import { type Apart, refusalSentences } from './refusals.js';
import { type Voice, allowance, count, day, energy, money, nano, pack, price, short, span, time, who } from './voice.js';
import * as words from './words.js';

type Values = Record<string, unknown>;
/** The values of one sentence, and the credit that its amounts are in. */
interface Saying {
  voice: Voice;
  values: Values;
  inputs: readonly AbiParameter[];
  credit: string | undefined;
}
type Kind = (saying: Saying, value: never) => string;

const named = (list: readonly string[], table: Record<string, words.Text>): Kind => (saying, value: number) => {
  const name = list[Number(value)];
  return (name === undefined ? undefined : table[name]?.[saying.voice.language]) ?? String(value);
};
const roleNames = Object.entries(names.roles).reduce<string[]>((all, [name, number]) => {
  all[number] = name;
  return all;
}, []);

/** The reasons of a preview, by their numbers. */
export type Reason = (typeof names.reasons)[number];
export const reasonsOf = (bits: bigint): Reason[] => names.reasons.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
/** The reasons of a preview, in words. */
export const tellReasons = (bits: bigint, voice: Voice): string =>
  reasonsOf(bits).map((reason) => words.reasonWords[reason][voice.language]).join('; ');

export const kinds = {
  who: ({ voice }, value: string) => who(voice, value),
  hex: (_, value: string) => short(value.toLowerCase()),
  money: ({ voice, credit }, value: bigint) => money(voice, value, credit),
  allowance: ({ voice, credit }, value: bigint) => allowance(voice, value, credit),
  time: ({ voice }, value: bigint) => time(voice, value),
  seconds: ({ voice }, value: bigint) => time(voice, value * 1_000n),
  span: ({ voice }, value: bigint) => span(voice, value),
  count: ({ voice }, value: bigint) => count(voice, value),
  plain: (_, value: unknown) => String(value),
  gtin: (_, value: bigint) => String(value).padStart(14, '0'),
  pack: ({ voice }, value: string) => pack(voice, value),
  level: ({ voice, values }, value: bigint) => {
    const unit = voice.known.units?.[`${String(values['device']).toLowerCase()}:${String(values['slot'])}`];
    return unit === undefined ? count(voice, value) : `${count(voice, value)} ${unit}`;
  },
  reasons: ({ voice }, value: bigint) => tellReasons(value, voice),
  role: named(roleNames, words.roleWords),
  orderState: named(names.orderStates, words.orderStateWords),
  orderMove: named(names.orderStates, words.orderMoveWords),
  orderField: named(names.orderFields, words.orderFieldWords),
  creditField: named(names.creditFields, words.creditFieldWords),
  deviceStatus: named(names.deviceStatuses, words.deviceStatusWords),
  mandateMode: named(names.mandateModes, words.mandateModeWords),
  accountField: named(names.accountFields, words.accountFieldWords),
  accountKeyKind: named(names.accountKeyKinds, words.accountKeyKindWords),
  sealingKind: named(names.sealingKinds, words.sealingKindWords),
  deadlineKind: named(names.deadlineKinds, words.deadlineKindWords),
  energyField: named(names.energyFields, words.energyFieldWords),
  auctionStage: named(names.auctionStages, words.auctionStageWords),
  certificateFlaw: named(names.certificateFlaws, words.certificateFlawWords),
  /** A quarter of an hour by its number: when it begins. */
  slot: ({ voice }, value: number) => time(voice, BigInt(value) * 900_000n),
  day: ({ voice }, value: number) => day(voice, value),
  wh: ({ voice }, value: bigint | number) => energy(voice, value),
  price: ({ voice, credit }, value: bigint) => price(voice, value, credit),
  nano: ({ voice, credit }, value: bigint) => nano(voice, value, credit),
} satisfies Record<string, Kind>;
export type KindName = keyof typeof kinds;

/** How a fact is said where the sentence names no kind. */
export function kindOf({ type, name = '' }: AbiParameter): KindName {
  if (type === 'address') return 'who';
  if (type.startsWith('bytes')) return 'hex';
  if (type === 'uint256') return 'money';
  if (type === 'uint64' && name.endsWith('Ms')) return 'time';
  return 'plain';
}

/** The parameter at `path`, as `terms.price`. */
export function parameterAt(inputs: readonly AbiParameter[], path: string): AbiParameter | undefined {
  const [first, ...rest] = path.split('.');
  const found = inputs.find((input) => input.name === first);
  if (found === undefined || rest.length === 0) return found;
  return 'components' in found ? parameterAt(found.components, rest.join('.')) : undefined;
}

const PLACEHOLDER = /\{([^{}|]+)(?:\|(\w+))?\}/g;

function fill(template: string, saying: Saying): string {
  let last = '';
  const sentence = template.replace(PLACEHOLDER, (whole, path: string, kind: KindName | undefined) => {
    if (path.includes('/')) return particle(last, path);
    const value = path.split('.').reduce<unknown>((at, name) => (at as Values | undefined)?.[name], saying.values);
    const input = parameterAt(saying.inputs, path);
    if (value === undefined) return whole;
    const say = kinds[kind ?? (input === undefined ? 'who' : kindOf(input))] as (saying: Saying, value: unknown) => string;
    last = say(saying, value);
    return last;
  });
  return sentence.replace(/^the /, 'The ');
}

/** A refusal as a sentence. */
export function tellRefusal(refusal: Refusal, voice: Voice, credit?: string): string {
  if (refusal.name === 'Words') return refusal.facts.words;
  if (refusal.name === 'Unknown') {
    const data = short(refusal.facts.data);
    return { en: `It was refused, and nobody here knows why (${data}).`, ko: `거절되었으나 이유를 알 수 없습니다(${data}).` }[voice.language];
  }
  const apart = `${refusal.of}.${refusal.name}`;
  const template = refusalSentences[apart in refusalSentences ? (apart as Apart) : refusal.name][voice.language];
  return fill(template, { voice, values: refusal.facts, inputs: refusal.inputs, credit });
}

/** What a log or a call is, taken apart. */
export interface Told {
  /** As `orders.OrderAsked` or `orders.placeOrder`. */
  key: string;
  sentence: string;
  facts: Values;
}

interface LogLike {
  address: string;
  topics: readonly Hex[];
  data: Hex;
}

/** An event of a module as a sentence; nothing where it is none. */
export function tellEvent(log: LogLike, voice: Voice): Told | undefined {
  const found = interfaceAt(log.address);
  if (found === undefined) return undefined;
  const abi: Abi = found.abi;
  try {
    const { eventName, args } = decodeEventLog({ abi, data: log.data, topics: log.topics as [Hex, ...Hex[]] });
    const key = `${found.name}.${eventName}`;
    const facts = (args ?? {}) as unknown as Values;
    const item = abi.find((item) => item.type === 'event' && item.name === eventName);
    const entry = (eventSentences as Record<string, words.Text | ((facts: never) => words.Text)>)[key];
    if (entry === undefined || item?.type !== 'event') return undefined;
    const text = typeof entry === 'function' ? entry(facts as never) : entry;
    const credit = found.name === 'credit' ? log.address : undefined;
    return { key, facts, sentence: fill(text[voice.language], { voice, values: facts, inputs: item.inputs, credit }) };
  } catch {
    return undefined; // an event of a newer law
  }
}

interface CallLike {
  from: string;
  to: string | null | undefined;
  input: Hex;
}

/** A call of a module as a sentence; nothing where it is none. */
export function tellCall(call: CallLike, voice: Voice): Told | undefined {
  const found = call.to ? interfaceAt(call.to) : undefined;
  if (found === undefined) return undefined;
  const abi: Abi = found.abi;
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi, data: call.input });
    const item = abi.find((item) => item.type === 'function' && item.name === functionName);
    if (item?.type !== 'function') return undefined;
    const key = `${found.name}.${functionName}`;
    const facts: Values = Object.fromEntries(item.inputs.map((input, at) => [input.name, args[at]]));
    const asked = { en: `{caller} asks for ${key}`, ko: `{caller}{이/가} ${key}{을/를} 묻습니다` };
    const text = (callSentences as Record<string, words.Text>)[key] ?? asked;
    const credit = found.name === 'credit' ? (call.to ?? undefined) : undefined;
    const values = { ...facts, caller: call.from };
    return { key, facts, sentence: fill(text[voice.language], { voice, values, inputs: item.inputs, credit }) };
  } catch {
    return undefined; // not the encoding of a function of this law
  }
}
