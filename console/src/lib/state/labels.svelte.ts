// Names that a person gave to machines and slots. They stay in this browser: on the ledger machines have no names.
import { onOtherTab, remember, remembered } from './prefs.svelte';

export type Label = { name: string; slot?: string; simulated?: boolean };
const LABELS_MAX = 200;

type Labels = Record<string, Label>;
let labels = $state.raw<Labels>(remembered('labels') ?? {});
onOtherTab<Labels>('labels', (now) => (labels = now ?? {}));

export const labelOf = (device: string): Label | undefined => labels[device.toLowerCase()];

export function label(device: string, given: Label): void {
  const { [device.toLowerCase()]: _, ...others } = remembered<Labels>('labels') ?? labels;
  labels = Object.fromEntries([...Object.entries(others), [device.toLowerCase(), given]].slice(-LABELS_MAX));
  remember('labels', labels);
}
