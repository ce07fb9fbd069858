// The lists of guardians that this browser's accounts named. On the ledger stands a hash; who loses the list here has the sheet on paper.
import type { Address } from 'viem';
import type { Sheet } from '../domain/guardians';
import { onOtherTab, remember, remembered } from './prefs.svelte';

const SHEETS_MAX = 20;
let sheets = $state.raw<Sheet[]>(remembered('guardians') ?? []);
onOtherTab<Sheet[]>('guardians', (now) => (sheets = now ?? []));

/** Those of an account, the newest first: guardians that follow others begin later. */
export const sheetsOf = (account: Address): Sheet[] => sheets.filter((sheet) => sheet.account.toLowerCase() === account.toLowerCase());

export function keepSheet(sheet: Sheet): void {
  sheets = [sheet, ...(remembered<Sheet[]>('guardians') ?? sheets)].slice(0, SHEETS_MAX);
  remember('guardians', sheets);
}
