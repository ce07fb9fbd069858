// Wallets that extensions put into the page, found by EIP-6963. This file never keeps a key.
import { numberToHex, type Address, type Hex } from 'viem';
import type { Call } from '../api/node';

type Provider = { request(args: { method: string; params?: unknown[] }): Promise<unknown>; on?(event: string, hear: (value: unknown) => void): void };
export type Wallet = { id: string; name: string; icon: string; provider: Provider };

const WALLETS_MAX = 20;
/** EIP-1193 and EIP-3326. */
const UNKNOWN_CHAIN = 4902;
/** Between two looks at a batch that a wallet sends. */
const LOOK_AGAIN_MS = 200;
const LOOKS_MAX = 600;

/** Tells of every wallet, now and later. */
export function discover(found: (wallet: Wallet) => void): void {
  const seen = new Set<string>();
  addEventListener('eip6963:announceProvider', (event) => {
    const { info, provider } = (event as CustomEvent<{ info: { rdns: string; name: string; icon: string }; provider: Provider }>).detail;
    if (seen.has(info.rdns) || seen.size >= WALLETS_MAX) return;
    seen.add(info.rdns);
    // The page's policy shows no picture from elsewhere; a data: URI is what the standard asks for.
    const icon = info.icon.startsWith('data:image/') ? info.icon : '';
    found({ id: info.rdns, name: info.name, icon, provider });
  });
  dispatchEvent(new Event('eip6963:requestProvider'));
}

/** The account that the person lets us see. */
export async function connect(wallet: Wallet): Promise<Address> {
  const accounts = (await wallet.provider.request({ method: 'eth_requestAccounts' })) as Address[];
  const first = accounts[0];
  if (!first) throw new Error('the wallet gave no account');
  return first;
}

/** Puts the wallet onto the chain of this page, adding it where the wallet does not know it. */
export async function useChain(wallet: Wallet, chainId: number): Promise<void> {
  const hex = numberToHex(chainId);
  const now = (await wallet.provider.request({ method: 'eth_chainId' })) as Hex;
  if (Number(now) === chainId) return;
  try {
    await wallet.provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId: hex }] });
  } catch (failure) {
    if ((failure as { code?: number }).code !== UNKNOWN_CHAIN) throw failure;
    const added = { chainId: hex, chainName: 'Dure', rpcUrls: [location.origin], nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 } };
    await wallet.provider.request({ method: 'wallet_addEthereumChain', params: [added] });
  }
}

export const sendOne = (wallet: Wallet, from: Address, call: Call) =>
  wallet.provider.request({ method: 'eth_sendTransaction', params: [{ from, to: call.to, data: call.data }] }) as Promise<Hex>;

/** Whether the wallet sends several calls as one that fails or succeeds as a whole (EIP-5792). */
export async function canBatch(wallet: Wallet, from: Address, chainId: number): Promise<boolean> {
  try {
    const all = (await wallet.provider.request({ method: 'wallet_getCapabilities', params: [from] })) as Record<string, { atomic?: { status: string } }>;
    const status = all[numberToHex(chainId)]?.atomic?.status;
    return status === 'supported' || status === 'ready';
  } catch {
    return false;
  }
}

/** The hash of the transaction that the calls went with. */
export async function sendBatch(wallet: Wallet, from: Address, chainId: number, calls: Call[]): Promise<Hex> {
  const params = [{ version: '2.0.0', from, chainId: numberToHex(chainId), atomicRequired: true, calls }];
  const { id } = (await wallet.provider.request({ method: 'wallet_sendCalls', params })) as { id: string };
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const status = (await wallet.provider.request({ method: 'wallet_getCallsStatus', params: [id] })) as { receipts?: { transactionHash: Hex }[] };
    const hash = status.receipts?.[0]?.transactionHash;
    if (hash) return hash;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error('the wallet did not send the calls');
}
