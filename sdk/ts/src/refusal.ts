/** Why a module said no: custom errors, found in whatever viem throws. */
import { type Abi, type AbiParameter, type Hex, decodeErrorResult, isHex, toFunctionSelector } from 'viem';
import { abis } from './generated/index.js';
import { interfaceAt } from './interfaces.js';
import type { Interface, RefusalFacts, RefusalName } from './types.js';

interface Named<N, F> {
  name: N;
  facts: F;
  /** The interface whose error it is, where only one can have said it. */
  of: Interface | undefined;
  /** The facts' types, in order. */
  inputs: readonly AbiParameter[];
  data: Hex;
}

/** A refusal by its name, with its facts. `Words` is a reason that a contract spelled out; `Unknown` is none of ours. */
export type Refusal =
  | { [N in RefusalName]: Named<N, RefusalFacts<N>> }[RefusalName]
  | Named<'Words', { words: string }>
  | Named<'Unknown', { data: Hex }>;

const errors = (Object.keys(abis) as Interface[]).flatMap((of) => (abis[of] as Abi).flatMap((item) => (item.type === 'error' ? [{ of, item, selector: toFunctionSelector(item as never) }] : [])));

/** What the bytes of a revert say. Errors of two institutions may look alike: `to`, who was asked, tells them apart. */
export function decodeRefusal(data: Hex, to?: string): Refusal {
  const none = { of: undefined, inputs: [], data };
  const unknown: Refusal = { name: 'Unknown', facts: { data }, ...none };
  const alike = errors.filter(({ selector }) => data.toLowerCase().startsWith(selector));
  const asked = to === undefined ? undefined : interfaceAt(to)?.name;
  const found = alike.find(({ of }) => of === asked) ?? alike[0];
  const of = alike.length === 1 || found?.of === asked ? found?.of : undefined;
  try {
    const { abiItem, errorName, args = [] } = decodeErrorResult({ abi: found === undefined ? [] : [found.item], data });
    if (errorName === 'Error') return { name: 'Words', facts: { words: String(args[0]) }, ...none };
    if (abiItem.type !== 'error' || found === undefined) return unknown;
    const facts = Object.fromEntries(abiItem.inputs.map((input, at) => [input.name, args[at]]));
    return { name: errorName, facts, of, inputs: abiItem.inputs, data } as unknown as Refusal;
  } catch {
    return unknown;
  }
}

/** How deep viem nests the causes of an error, at most. */
const CAUSES_MAX = 16;

/** The refusal inside an error of viem or of JSON-RPC; nothing where no contract refused. */
export function refusalOf(error: unknown, to?: string): Refusal | undefined {
  let at = error as { cause?: unknown; raw?: unknown; data?: unknown; refusal?: Refusal } | undefined;
  for (let depth = 0; depth < CAUSES_MAX && typeof at === 'object' && at !== null; depth += 1) {
    if (at.refusal !== undefined) return at.refusal;
    const data = [at.raw, at.data, (at.data as { data?: unknown } | undefined)?.data].find((one) => isHex(one) && one.length >= 10);
    if (data !== undefined) return decodeRefusal(data as Hex, to);
    at = at.cause as typeof at;
  }
  return undefined;
}
