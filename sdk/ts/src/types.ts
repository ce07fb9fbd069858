/** What can be said about the interfaces by their types alone. */
import type { AbiParameter, AbiParameterToPrimitiveType } from 'viem';
import type { abis } from './generated/index.js';

type Abis = typeof abis;
/** Every interface's name. */
export type Interface = keyof Abis;
type Items<I extends Interface, T extends string> = Extract<Abis[I][number], { type: T }>;
type Keyed<I extends Interface, N> = [N] extends [never] ? never : N extends string ? `${I}.${N}` : never;

/** Inputs or outputs by their names, as values of TypeScript. */
export type Facts<P extends readonly AbiParameter[]> = {
  [Input in P[number] as Input extends { name: infer N extends string } ? N : never]: AbiParameterToPrimitiveType<Input>;
};

export type RefusalItem = { [I in Interface]: Items<I, 'error'> }[Interface];
/** Every custom error of every module. */
export type RefusalName = RefusalItem['name'];
/** What a refusal says, its facts by name. */
export type RefusalFacts<N extends RefusalName> = Facts<Extract<RefusalItem, { name: N }>['inputs']>;

/** Every event, as `orders.OrderAsked`. */
export type EventKey = { [I in Interface]: Keyed<I, Items<I, 'event'>['name']> }[Interface];
export type EventFacts<K extends EventKey> = K extends `${infer I extends Interface}.${infer N}`
  ? Facts<Extract<Items<I, 'event'>, { name: N }>['inputs']>
  : never;

type Acts<I extends Interface> = Extract<Items<I, 'function'>, { stateMutability: 'nonpayable' }>;
/** Every function that changes something, as `orders.placeOrder`. */
export type ActionKey = { [I in Interface]: Keyed<I, Acts<I>['name']> }[Interface];
export type ActionFacts<K extends ActionKey> = K extends `${infer I extends Interface}.${infer N}`
  ? Facts<Extract<Acts<I>, { name: N }>['inputs']>
  : never;

/** One function of an interface. */
export type FunctionItem<I extends Interface, N> = Extract<Items<I, 'function'>, { name: N }>;
export type FunctionName<I extends Interface> = Items<I, 'function'>['name'];
