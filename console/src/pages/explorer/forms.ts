// Forms from interfaces: what a person writes as the values of the ABI, and answers as text.
import { addresses } from '@dure/sdk';
import { isAddress, isHex, type Abi, type AbiFunction, type AbiParameter } from 'viem';

/** Interfaces with functions, and where they stand; a credit's address is chosen. */
export const INTERFACES = ['orders', 'energy', 'credit', 'credits', 'accounts', 'roles', 'disputes'] as const;
export type InterfaceName = (typeof INTERFACES)[number];

export const addressOf = (name: InterfaceName): string => (name === 'credit' ? addresses.firstCredit : addresses[name]);

/** As this node serves it. */
export async function served(name: InterfaceName): Promise<AbiFunction[]> {
  const abi = (await (await fetch(`/abi/${name}.json`)).json()) as Abi;
  return abi.filter((item): item is AbiFunction => item.type === 'function').sort((a, b) => a.name.localeCompare(b.name));
}

export const isQuestion = (item: AbiFunction): boolean => item.stateMutability === 'view' || item.stateMutability === 'pure';

/** Says which type a text is not. */
export class NoValue extends Error {}

/** A text as a value of the parameter's type. */
export function valueOf(parameter: AbiParameter, text: string): unknown {
  const { type } = parameter;
  const structured = type.endsWith(']') || type === 'tuple';
  if (!structured) return plain(type, text.trim());
  try {
    return nested(parameter, JSON.parse(text));
  } catch (failure) {
    throw failure instanceof NoValue ? failure : new NoValue(type);
  }
}

function plain(type: string, text: string): unknown {
  const good = (holds: boolean, value: unknown): unknown => {
    if (!holds) throw new NoValue(type);
    return value;
  };
  if (type === 'string') return text;
  if (type === 'address') return good(isAddress(text, { strict: false }), text);
  if (type === 'bool') return good(text === 'true' || text === 'false', text === 'true');
  const size = Number(type.replace(/\D/g, ''));
  if (type.startsWith('bytes')) return good(isHex(text) && text.length % 2 === 0 && (size === 0 || text.length === 2 + 2 * size), text);
  const digits = text.replaceAll(/[_,\s]/g, '');
  good(/^-?\d+$/.test(digits), digits);
  const [value, half] = [BigInt(digits), 1n << BigInt(size - 1)];
  good(type.startsWith('u') ? value >= 0n && value < 2n * half : value >= -half && value < half, value);
  return size <= 48 ? Number(value) : value;
}

function nested(parameter: AbiParameter, given: unknown): unknown {
  const { type } = parameter;
  if (type.endsWith(']')) {
    const at = type.lastIndexOf('[');
    const count = type.slice(at + 1, -1);
    if (!Array.isArray(given) || (count !== '' && given.length !== Number(count))) throw new NoValue(type);
    const one = { ...parameter, type: type.slice(0, at) } as AbiParameter;
    return given.map((item) => nested(one, item));
  }
  if (type !== 'tuple') return plain(type, String(given));
  const parts = 'components' in parameter ? parameter.components : [];
  return Object.fromEntries(parts.map((part) => [part.name, nested(part, (given as Record<string, unknown>)[part.name ?? ''])]));
}

/** What a field of this type begins with. */
export function example(parameter: AbiParameter): string {
  const { type } = parameter;
  if (type.endsWith(']')) return '[]';
  if (type === 'bool') return 'false';
  if (type !== 'tuple') return '';
  const parts = 'components' in parameter ? parameter.components : [];
  return JSON.stringify(Object.fromEntries(parts.map((part) => [part.name, part.type.endsWith(']') ? [] : part.type === 'bool' ? false : ''])), null, 1);
}

/** An answer as text; numbers beyond what JSON holds as their digits. */
export const written = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null ? JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? value.toString() : value), 2) : String(answer);
