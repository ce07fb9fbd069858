/**
 * `client.extend(dureActions())`: every function of every module as a typed method, its facts by name.
 *
 * A view answers what the chain answers. What changes something is tried, sent, and resolves when it is final; what a rule
 * refuses rejects with a `RefusedError`.
 */
import type { Abi, AbiParameter, AbiParameterToPrimitiveType, Address } from 'viem';
import { type ActOptions, type AnyClient, type AskOptions, type Done, act, ask } from './act.js';
import { abis, addresses } from './generated/index.js';
import { groups } from './groups.js';
import { type DureQuestions, dureQuestions } from './rpc.js';
import type { Facts, FunctionItem, FunctionName, Interface } from './types.js';
import { type WatchOptions, watchEvents } from './watch.js';

type Answer<O extends readonly AbiParameter[]> = O extends readonly []
  ? undefined
  : O extends readonly [infer One extends AbiParameter]
    ? AbiParameterToPrimitiveType<One>
    : { [At in keyof O]: O[At] extends AbiParameter ? AbiParameterToPrimitiveType<O[At]> : never };

/** A credit's functions are asked of one of many credits. */
type Given<I extends Interface, F extends { inputs: readonly AbiParameter[] }> = Facts<F['inputs']> & (I extends 'credit' ? { credit: Address } : unknown);
type Call<G, Options, Result> = {} extends G ? (facts?: G, options?: Options) => Promise<Result> : (facts: G, options?: Options) => Promise<Result>;
type Method<I extends Interface, F> = F extends { inputs: readonly AbiParameter[]; outputs: readonly AbiParameter[]; stateMutability: infer M }
  ? M extends 'view'
    ? Call<Given<I, F>, AskOptions, Answer<F['outputs']>>
    : Call<Given<I, F>, ActOptions, Done<Answer<F['outputs']>>>
  : never;
type Methods<I extends Interface, Table> = { [K in keyof Table]: Table[K] extends FunctionName<I> ? Method<I, FunctionItem<I, Table[K]>> : never };
type Union<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void ? All : never;
type Group<Tables> = Union<{ [I in keyof Tables]: I extends Interface ? Methods<I, Tables[I]> : never }[keyof Tables]>;

export type GroupName = keyof typeof groups;
export type DureActions = { [G in GroupName]: Group<(typeof groups)[G]> } & {
  /** Methods of the node. */
  dure: DureQuestions;
  /** Calls back with every event of the modules as it becomes final; answers how to stop. */
  watchEvents: (options: WatchOptions) => () => void;
};

function method(client: AnyClient, of: Interface, functionName: string) {
  const abi: Abi = abis[of];
  const item = abi.find((one) => one.type === 'function' && one.name === functionName);
  if (item?.type !== 'function') throw new Error(`the interface ${of} has no function ${functionName}`);
  return (facts: Record<string, unknown> = {}, options: AskOptions & ActOptions = {}) => {
    const address = of === 'credit' ? (facts['credit'] as Address) : addresses[of as keyof typeof addresses];
    const target = { address, abi, functionName, args: item.inputs.map(({ name = '' }) => facts[name]) };
    return item.stateMutability === 'view' ? ask(client, target, options) : act(client, target, options);
  };
}

/** The methods of one group alone, for a page that needs no more. */
export function groupActions<G extends GroupName>(client: AnyClient, group: G): DureActions[G] {
  const tables: Partial<Record<Interface, Record<string, string>>> = groups[group];
  const methods = Object.entries(tables).flatMap(([of, table]) =>
    Object.entries(table).map(([name, functionName]) => [name, method(client, of as Interface, functionName)]),
  );
  return Object.fromEntries(methods) as DureActions[G];
}

export const dureActions =
  () =>
  (client: AnyClient): DureActions => {
    const all = (Object.keys(groups) as GroupName[]).map((group) => [group, groupActions(client, group)]);
    return {
      ...Object.fromEntries(all),
      dure: dureQuestions(client),
      watchEvents: (options: WatchOptions) => watchEvents(client, options),
    };
  };
