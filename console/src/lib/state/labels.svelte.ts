// Names that a person gave to machines and slots. They stay in this browser: on the ledger machines have no names.
import { remember, remembered } from './prefs.svelte';

export type Label = { name: string; slot?: string; simulated?: boolean };
const LABELS_MAX = 200;

const labels = $state<Record<string, Label>>(remembered('labels') ?? {});

export const labelOf = (device: string): Label | undefined => labels[device.toLowerCase()];

export function label(device: string, given: Label): void {
  const oldest = Object.keys(labels);
  if (oldest.length >= LABELS_MAX) delete labels[oldest[0]!];
  labels[device.toLowerCase()] = given;
  remember('labels', $state.snapshot(labels));
}
