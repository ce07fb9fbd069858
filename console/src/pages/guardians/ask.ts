// What the pages of guardians ask a node.
import { refusalOf } from '@dure/sdk';
import type { Address } from 'viem';
import type { Guardians, Recovery } from '../../lib/api/node';
import { chain } from '../../lib/state/chain.svelte';

/** The guardians of an account and how far a recovery is; nothing where it has named none. */
export async function guardianship(account: Address): Promise<{ guardians: Guardians; recovery: Recovery } | null> {
  try {
    const [guardians, recovery] = await Promise.all([chain.node.guardians(account), chain.node.recovery(account)]);
    return guardians.count > 0 ? { guardians, recovery } : null;
  } catch (failure) {
    if (refusalOf(failure)?.name === 'NoGuardians') return null;
    throw failure;
  }
}
