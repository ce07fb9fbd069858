/** Which interface stands at an address. */
import { abis, addresses } from './generated/index.js';
import type { Interface } from './types.js';

/** `0xd00ec0`, 13 zero bytes, and the credit's number. */
const CREDIT = /^0xd00ec0(00){13}[0-9a-f]{8}$/;

export interface Standing {
  name: Interface;
  abi: (typeof abis)[Interface];
}

/** Address to the names of interfaces. */
const standing = new Map<string, Interface>(
  (Object.keys(addresses) as (keyof typeof addresses)[]).flatMap((name) => (name in abis ? [[addresses[name], name as Interface]] : [])),
);

/** The interface of the institution at `address`, where there is one. */
export function interfaceAt(address: string): Standing | undefined {
  const lower = address.toLowerCase();
  const name = CREDIT.test(lower) ? 'credit' : standing.get(lower);
  return name === undefined ? undefined : { name, abi: abis[name] };
}

/** The n-th credit's address, from 1. */
export const creditAddress = (number: number): `0x${string}` => `0xd00ec0${'00'.repeat(13)}${number.toString(16).padStart(8, '0')}`;
