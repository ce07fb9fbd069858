// Calls of the orders module about one order, by what they are called on the page.
import { encodeFunctionData, keccak256, stringToHex, type Hex } from 'viem';
import { ordersAbi } from '@dure/sdk';
import { ORDERS, type Call } from '../api/node';

const ZERO = '0x0000000000000000000000000000000000000000';
type Plain = 'approveOrder' | 'cancelOrder' | 'confirmDelivery' | 'acceptOrder' | 'claimDelivery' | 'confirmReturn';
type Stated = 'openDispute' | 'postReturn' | 'answerDispute' | 'denyReturn';

const call = (data: Hex): Call[] => [{ to: ORDERS, data }];

export const plain = (functionName: Plain, order: Hex) => call(encodeFunctionData({ abi: ordersAbi, functionName, args: [order] }));

/** Only the hash of what is said goes to the ledger. */
export const stated = (functionName: Stated, order: Hex, text: string) =>
  call(encodeFunctionData({ abi: ordersAbi, functionName, args: [order, keccak256(stringToHex(text))] }));

export const ship = (order: Hex, tracking: string) =>
  call(encodeFunctionData({ abi: ordersAbi, functionName: 'shipOrder', args: [order, ZERO, 0n, tracking] }));

export const agreeRefund = (order: Hex, refund: bigint) =>
  call(encodeFunctionData({ abi: ordersAbi, functionName: 'agreeRefund', args: [order, refund] }));

/** Ten characters of base32, as they are said at the door: spaces and small letters do not matter. */
export function codeOf(text: string): string | undefined {
  const code = text.toUpperCase().replaceAll(/[\s-]/g, '');
  return /^[A-Z2-7]{10}$/.test(code) ? code : undefined;
}

export const reveal = (order: Hex, code: string) =>
  call(encodeFunctionData({ abi: ordersAbi, functionName: 'revealCode', args: [order, stringToHex(code)] }));
