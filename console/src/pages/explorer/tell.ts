// A transaction as a sentence, whatever it is.
import { addresses, interfaceAt, tellCall, who, type Voice } from '@dure/sdk';
import type { Transaction } from './ask';
import both from './words';

export function tellTransaction(transaction: Transaction, voice: Voice): string {
  const w = both[voice.language];
  if (transaction.from.toLowerCase() === addresses.system) return w.itself;
  const told = tellCall(transaction, voice);
  if (told) return told.sentence;
  const from = who(voice, transaction.from);
  return transaction.to ? w.called(from, who(voice, transaction.to)) : w.made(from);
}

export const isInstitution = (address: string): boolean => interfaceAt(address) !== undefined;
