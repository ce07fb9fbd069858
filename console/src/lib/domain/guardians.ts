// Guardians: the list that an account commits to, and what each side of a recovery does. docs/modules/accounts.md, "Recovery".
import { accountsAbi, ascending, guardiansCommitment } from '@dure/sdk';
import { encodeFunctionData, isAddress, isHex, type Address, type Hex } from 'viem';
import { ACCOUNTS, type Call, type Recovery } from '../api/node';
import { kindNumber, type KeyKind } from './keys';
import { parseFragment, toFragment } from './fragment';

export const GUARDIANS_MIN = 2;
export const GUARDIANS_MAX = 16;

/** What opens the commitment. The owner keeps it, and so does each guardian: on the ledger stands its hash alone. */
export type Sheet = { account: Address; salt: Hex; guardians: Address[]; threshold: number };

/** A sheet with a fresh salt. */
export function newSheet(account: Address, guardians: readonly Address[], threshold: number): Sheet {
  const salt = crypto.getRandomValues(new Uint8Array(32));
  return { account, guardians: ascending(guardians), threshold, salt: `0x${Array.from(salt, (byte) => byte.toString(16).padStart(2, '0')).join('')}` };
}

export const commitmentOf = ({ account, salt, guardians }: Sheet): Hex => guardiansCommitment(account, salt, guardians);

export const sheetFragment = (sheet: Sheet): string => toFragment({ v: 1, ...sheet });

export function readSheet(fragment: string): Sheet | undefined {
  const doc = parseFragment(fragment);
  const { account, salt, guardians, threshold } = doc ?? {};
  const good =
    doc?.['v'] === 1 && isAccount(account) && isHex(salt) && salt.length === 66 && Array.isArray(guardians) && guardians.length >= GUARDIANS_MIN &&
    guardians.length <= GUARDIANS_MAX && guardians.every(isAccount) && Number.isSafeInteger(threshold) && (threshold as number) >= 1 && (threshold as number) < guardians.length;
  if (!good) return undefined;
  return { account, salt: salt as Hex, guardians: ascending(guardians as Address[]), threshold: threshold as number };
}

const isAccount = (value: unknown): value is Address => typeof value === 'string' && isAddress(value, { strict: false });

/** Addresses out of lines, commas and spaces; each once. Undefined where a word is none, or where it is the account itself. */
export function addressesIn(text: string, account: Address): Address[] | undefined {
  const words = [...new Set(text.split(/[\s,;]+/).filter(Boolean).map((word) => word.toLowerCase()))];
  if (words.length > GUARDIANS_MAX || !words.every(isAccount) || words.includes(account.toLowerCase() as Address)) return undefined;
  return words as Address[];
}

const call = (data: Hex): Call[] => [{ to: ACCOUNTS, data }];
export const setGuardians = (sheet: Sheet) =>
  call(encodeFunctionData({ abi: accountsAbi, functionName: 'setGuardians', args: [commitmentOf(sheet), sheet.threshold, sheet.guardians.length] }));
export const veto = () => call(encodeFunctionData({ abi: accountsAbi, functionName: 'vetoRecovery' }));
export const nameKey = ({ account, salt, guardians }: Sheet, key: Address, kind: KeyKind) =>
  call(encodeFunctionData({ abi: accountsAbi, functionName: 'nameKey', args: [account, key, kindNumber(kind), salt, guardians] }));

/** Stages as the rules name them, in the order of their numbers. */
export const STAGES = ['Gathering', 'Waiting', 'Vetoed', 'WaitingAgain'] as const;
export type Stage = (typeof STAGES)[number];
export const stageOf = (recovery: Recovery): Stage => STAGES[recovery.stage] ?? 'Gathering';
