/** Who may do what, as sentences: the subject is the holder, and facts that are not there yet are left open. */
import type { names } from '../generated/names.js';
import type { ActionKey } from '../types.js';
import { callSentences } from './calls.js';
import { particle } from './particle.js';
import { type Language, holderWords } from './words.js';

export type Holder = (typeof names.holders)[number];

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** «The shop accepts order …». */
export function tellPower(action: ActionKey, holder: Holder, language: Language): string {
  let last = '';
  return callSentences[action][language].replace(PLACEHOLDER, (_, what: string) => {
    if (what.includes('/')) return particle(last, what);
    last = what === 'caller' ? holderWords[holder][language] : '…';
    return last;
  });
}
