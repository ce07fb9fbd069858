// Any failure as one sentence for a person.
import { BaseError } from 'viem';
import { Offline, RpcRefusal } from '../api/rpc';
import { STATES } from '../domain/order';
import { decodeRefusal, reasonsOf, type Refusal } from '../domain/refusal';
import { creditOf, TOWN } from '../state/credits.svelte';
import { prefs } from '../state/prefs.svelte';
import { Reverted } from '../state/session.svelte';
import { say } from './index.svelte';
import { orderWords } from './orders';
import { failures, fields, reasons, refusals } from './refusals';

const USER_REJECTED = 4001;

export function explain(failure: unknown): string {
  const w = failures[prefs.lang];
  const cause = failure instanceof BaseError ? failure.walk((one) => one instanceof Offline || one instanceof RpcRefusal) : failure;
  if (cause instanceof Offline) return w.offline;
  if (cause instanceof Reverted) return explainData(cause.data) ?? w.unexplained;
  if (cause instanceof RpcRefusal) return explainData(cause.data) ?? w.other(cause.message);
  const { code, message, data, name } = (cause ?? failure) as { code?: unknown; message?: unknown; data?: unknown; name?: unknown };
  if (code === USER_REJECTED) return w.declined;
  const named = explainData(data);
  if (named) return named;
  if (String(name).startsWith('WebAuthn') || String(name) === 'NotAllowedError') return isSecureContext ? w.noPasskey : w.notHere;
  return w.other(String(message ?? failure));
}

function explainData(data: unknown): string | undefined {
  const refusal = decodeRefusal(data);
  return refusal && sentence(refusal);
}

export function sentence({ name, facts }: Refusal): string {
  const known = refusals[prefs.lang][name];
  if (known === undefined) return failures[prefs.lang].other(name);
  return typeof known === 'string' ? known : known(inWords(facts));
}

export const reasonWords = (bits: bigint): string[] => reasonsOf(bits).map((reason) => reasons[prefs.lang][reason]);

function inWords(facts: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, inWord(name, value)]));
}

function inWord(name: string, value: unknown): string {
  if (name.endsWith('Ms')) return say.dateTime(Number(value));
  if (name === 'reasons') return `${reasonWords(value as bigint).join('; ')}.`;
  if (name === 'field') return fields[prefs.lang][Number(value)] ?? String(value);
  if (name === 'state') return orderWords[prefs.lang].states[STATES[Number(value)] ?? 'Placed'];
  if (['have', 'want', 'free', 'left'].includes(name) && typeof value === 'bigint') return say.money(value, creditOf(TOWN));
  return typeof value === 'bigint' || typeof value === 'number' ? say.number(value) : String(value);
}
