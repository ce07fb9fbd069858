// Any failure as one sentence for a person.
import { reasonWords as reasons, reasonsOf, refusalOf, tellRefusal, type Known } from '@dure/sdk';
import { BaseError } from 'viem';
import { Offline, RpcRefusal } from '../api/rpc';
import { chain } from '../state/chain.svelte';
import { creditOf, TOWN } from '../state/credits.svelte';
import { prefs } from '../state/prefs.svelte';
import { Reverted } from '../state/session.svelte';
import { failures } from './failures';

const USER_REJECTED = 4001;
/** What a library says may go on for pages. */
const TOLD_MAX = 300;

export function explain(failure: unknown): string {
  const w = failures[prefs.lang];
  const cause = failure instanceof BaseError ? failure.walk((one) => one instanceof Offline || one instanceof RpcRefusal) : failure;
  if (cause instanceof Offline) return w.offline;
  const { code, message, shortMessage, name, to } = (cause ?? failure) as { code?: unknown; message?: unknown; shortMessage?: unknown; name?: unknown; to?: string };
  if (code === USER_REJECTED) return w.declined;
  const refusal = refusalOf(cause ?? failure, to);
  if (refusal) return tellRefusal(refusal, { language: prefs.lang, known: known() });
  if (cause instanceof Reverted) return w.unexplained;
  if (String(name).startsWith('WebAuthn') || String(name) === 'NotAllowedError') return isSecureContext ? w.noPasskey : w.notHere;
  return w.other(String(shortMessage ?? message ?? failure).slice(0, TOLD_MAX));
}

export const reasonWords = (bits: bigint): string[] => reasonsOf(bits).map((reason) => reasons[reason][prefs.lang]);

/** Names and money that sentences need, as far as they are at hand. */
export function known(): Known {
  const people = Object.fromEntries([...chain.people].map(([address, { name }]) => [address, name]));
  return { people, credits: { [TOWN]: creditOf(TOWN) }, credit: TOWN };
}
