//! How long the worst blocks take: `cargo run --release -p dure-execution --example worst_block`.
//!
//! Each line is a block of `gas::BLOCK_GAS` (less where it says so) that does one kind of work as badly as its gas allows, executed from
//! records in memory. Times are processor time of this thread where the system tells it (Linux), else wall time. A database on disk
//! adds its time for each of the reads and writes that the line counts.

use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_network::TxSignerSync as _;
use alloy_primitives::{TxKind, address, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall as _, sol};
use dure_execution::genesis::{Genesis, GenesisAccount};
use dure_execution::*;
use dure_rules::{Draft, Env, Memory, Verifier, credits};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

sol! {
    function chase(uint256 at);
    function hash(uint256 bytes_);
    function fill(uint256 at);
    function precompile(address which, bytes input, uint256 reserve);
    function ask(address module, uint256 at);
    function spread(address credit, uint256 at);
    function spin();
    function visit(uint256 at);
    function transfer(address to, uint256 value);
}

/// Where the first credit of a chain stands.
const CREDIT: Address = address!("d00ec00000000000000000000000000000000001");
const CHAIN: u64 = 7_777;
const WORST: Address = Address::repeat_byte(0x3f);
const CODES: u64 = 1 << 32;
/// EIP-7825: most gas of one transaction.
const TRANSACTION_GAS: u64 = 1 << 24;

/// Contracts of the largest size (EIP-170), each with code of its own, from [`CODES`] on; as many as one transaction visits.
fn large_contracts() -> impl Iterator<Item = GenesisAccount> {
    (0..TRANSACTION_GAS / 2_600).map(|n| {
        let mut code = vec![0x5b; 24_576]; // JUMPDEST: every byte is a place to note
        code[..8].copy_from_slice(&n.to_be_bytes());
        let address = Address::from_word(U256::from(CODES + n).into());
        GenesisAccount { code: code.into(), ..GenesisAccount::plain(address, Class::Newcomer) }
    })
}

/// No record of this benchmark is signed.
struct Unsigned;

impl Verifier for Unsigned {
    fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }

    fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }
}

/// A credit of which the contract and the signer have plenty.
fn credit(signer: Address) -> BTreeMap<Key, Bytes> {
    let mut memory = Memory::default();
    let env = Env { chain_id: CHAIN, height: 0, time_ms: 0, caller: signer, key: None };
    let mut draft = Draft::new(&mut memory, &Unsigned, env);
    let kind = credits::Kind::Reserve { issuer: signer };
    let made = credits::create(&mut draft, "Bench".into(), "BEN".into(), 0, None, kind).expect("a good description");
    for who in [WORST, signer] {
        credits::issue(&mut draft, made, who, 1 << 60).expect("the issuer issues");
    }
    let effects = draft.into_effects();
    memory.commit(&effects);
    memory.0
}

struct Records {
    all: BTreeMap<Key, Bytes>,
    reads: Cell<u64>,
}

impl StateReader for Records {
    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable> {
        self.reads.set(self.reads.get() + 1);
        Ok(self.all.get(&key).cloned())
    }
}

/// Processor time of this thread.
fn now(since: Instant) -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = schedstat.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    ns.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

struct Bench {
    records: Records,
    env: BlockEnv,
    signer: PrivateKeySigner,
    since: Instant,
    worst: f64,
}

impl Bench {
    fn new() -> Self {
        let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).expect("a fixed key");
        let compiled: serde_json::Value =
            serde_json::from_str(include_str!("../sol/Worst.json")).expect("compiled by scripts/compile-sol");
        let code = hex::decode(compiled["runtime"].as_str().expect("hex")).expect("hex");
        let quota = Some(Quota { gas_per_ms: 0, cap_gas: u64::MAX });
        let sender = GenesisAccount { quota, ..GenesisAccount::plain(signer.address(), Class::Member) };
        let worst = GenesisAccount { code: code.into(), ..GenesisAccount::plain(WORST, Class::Newcomer) };
        let accounts = [sender, worst].into_iter().chain(large_contracts()).collect();
        let genesis = Genesis { accounts, records: credit(signer.address()) };
        let env = BlockEnv {
            chain_id: CHAIN,
            number: 1,
            time_ms: 1_800_000_000_000,
            parent_hash: B256::ZERO,
            gas_limit: gas::BLOCK_GAS,
            recent_hashes: vec![],
            mode: Mode::Verify,
        };
        let records = Records { all: genesis.records().into_iter().collect(), reads: Cell::new(0) };
        println!("{:<30} {:>6} {:>9} {:>9} {:>8} {:>8} {:>8}", "block of", "Mgas", "ms", "Mgas/s", "reads", "changes", "failed");
        Self { records, env, signer, since: Instant::now(), worst: 0.0 }
    }

    fn transaction(&self, nonce: u64, gas_limit: u64, to: Address, input: Vec<u8>) -> Transaction {
        let to = TxKind::Call(to);
        let mut body = TxEip1559 { chain_id: CHAIN, nonce, gas_limit, to, input: input.into(), ..Default::default() };
        let signature = self.signer.sign_transaction_sync(&mut body).expect("a local key signs");
        let envelope = TxEnvelope::from(body.into_signed(signature));
        let raw = alloy_eips::eip2718::Encodable2718::encoded_2718(&envelope);
        Transaction::decode(&raw, CHAIN).expect("just signed")
    }

    /// A block full of calls to `to`.
    fn block(&mut self, name: &str, to: Address, input: impl Fn(u64) -> Vec<u8>, each_gas: u64) {
        self.block_of(gas::BLOCK_GAS, name, to, input, each_gas);
    }

    fn block_of(&mut self, block_gas: u64, name: &str, to: Address, input: impl Fn(u64) -> Vec<u8>, each_gas: u64) {
        let (mut left, mut list) = (block_gas, vec![]);
        while left >= 100_000.min(each_gas) {
            let gas = left.min(each_gas);
            list.push(self.transaction(list.len() as u64, gas, to, input(list.len() as u64)));
            left -= gas;
        }
        let mut times = vec![];
        let mut last = None;
        for _ in 0..3 {
            self.records.reads.set(0);
            let start = now(self.since);
            let mut execution = Execution::new(self.env.clone(), list.clone());
            assert_eq!(execution.advance_with(&self.records), Ok(Step::Done), "{name}");
            let outcome = execution.finish();
            times.push((now(self.since) - start).as_secs_f64() * 1e3);
            last = Some(outcome);
        }
        times.sort_by(f64::total_cmp);
        let (ms, outcome) = (times[1], last.expect("three runs"));
        let failed = outcome.receipts.iter().filter(|receipt| !receipt.envelope.status()).count();
        let mgas = outcome.gas_used as f64 / 1e6;
        let full = ms * gas::BLOCK_GAS as f64 / outcome.gas_used as f64;
        self.worst = self.worst.max(full);
        let (reads, changes) = (self.records.reads.get(), outcome.changes.len());
        println!("{name:<30} {mgas:>6.1} {ms:>9.1} {:>9.0} {reads:>8} {changes:>8} {failed:>8}", mgas / ms * 1e3);
    }

    fn work(&mut self, name: &str, input: Vec<u8>) {
        self.block(name, WORST, |_| input.clone(), TRANSACTION_GAS);
    }

    /// A block of calls to one of Ethereum's precompiles, after a look that it takes this input.
    fn precompile(&mut self, name: &str, which: u64, input: Vec<u8>) {
        let address = Address::from_word(U256::from(which).into());
        let request = TransactionRequest {
            to: Some(address.into()),
            input: TransactionInput::new(input.clone().into()),
            ..Default::default()
        };
        let called = views::call(&self.records, &self.env, &request.into(), &Default::default()).expect("the view runs");
        assert!(called.result.is_ok_and(|output| !output.is_empty()), "{name} refuses its input");
        let reserve = U256::from(called.gas_used + 10_000);
        self.work(name, precompileCall { which: address, input: input.into(), reserve }.abi_encode());
    }
}

/// An element of the field of BLS12-381 as EIP-2537 pads it.
fn padded(field: &str) -> Vec<u8> {
    [vec![0; 16], hex::decode(field).expect("hex")].concat()
}

fn main() {
    let mut bench = Bench::new();
    bench.work("arithmetic", spinCall {}.abi_encode());
    bench.work("hashing 32 KiB", hashCall { bytes_: U256::from(32_768) }.abi_encode());
    bench.work("hashing 64 B", hashCall { bytes_: U256::from(64) }.abi_encode());
    let far = |n: u64| U256::from((n + 1) << 40); // no transaction finds what another one touched
    bench.block("pointer-chasing", WORST, |n| chaseCall { at: far(n) }.abi_encode(), TRANSACTION_GAS);
    let visit = |_| visitCall { at: U256::from(CODES) }.abi_encode();
    bench.block_of(TRANSACTION_GAS, "contracts of 24 KiB looked at", WORST, visit, TRANSACTION_GAS);
    bench.block("new slots", WORST, |n| fillCall { at: far(n) }.abi_encode(), TRANSACTION_GAS);
    bench.block("plain transfers of nothing", Address::repeat_byte(0x99), |_| vec![], 21_000);

    let new = |n: u64| transferCall { to: Address::from_word(U256::from(n + 1_000).into()), value: U256::ONE }.abi_encode();
    bench.block("credit transfers, new owners", CREDIT, new, 60_000);
    let back = transferCall { to: WORST, value: U256::ONE }.abi_encode();
    bench.block("credit transfers, one owner", CREDIT, |_| back.clone(), 60_000);
    let ask = |n| askCall { module: CREDIT, at: far(n) }.abi_encode();
    bench.block("records read by a contract", WORST, ask, TRANSACTION_GAS);
    let spread = |n| spreadCall { credit: CREDIT, at: far(n) }.abi_encode();
    bench.block("records made by a contract", WORST, spread, TRANSACTION_GAS);

    // The public example of ecrecover, and generators of the curves: any point costs the same.
    let signed = "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3\
                  000000000000000000000000000000000000000000000000000000000000001c\
                  9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608\
                  4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada";
    bench.precompile("ecrecover", 1, hex::decode(signed).expect("hex"));
    bench.precompile("sha256 of 32 B", 2, vec![1; 32]);
    bench.precompile("ripemd160 of 32 B", 3, vec![1; 32]);
    for (name, base, exponent, modulus) in
        [("modexp 32/32/32 B", 32, 32, 32), ("modexp 256/3/256 B", 256, 3, 256), ("modexp 1024/1/1024 B", 1_024, 1, 1_024)]
    {
        let lengths = [base, exponent, modulus].map(|length: u64| U256::from(length).to_be_bytes::<32>());
        let mut input = [lengths.concat(), vec![0xff; (base + exponent + modulus) as usize]].concat();
        if let Some(last) = input.last_mut() {
            *last = 0xfd; // odd and not the base
        }
        bench.precompile(name, 5, input);
    }
    let bn_g1 = [U256::ONE.to_be_bytes::<32>(), U256::from(2).to_be_bytes::<32>()].concat();
    let bn_g2 = hex::decode(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
         090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    )
    .expect("hex");
    bench.precompile("bn254 add", 6, [bn_g1.clone(), bn_g1.clone()].concat());
    bench.precompile("bn254 mul", 7, [bn_g1.clone(), vec![0xff; 32]].concat());
    bench.precompile("bn254 pairing of 1", 8, [bn_g1.clone(), bn_g2.clone()].concat());
    bench.precompile("bn254 pairing of 8", 8, [bn_g1, bn_g2].concat().repeat(8));
    let mut blake = vec![0u8; 213];
    blake[0..4].copy_from_slice(&100_000u32.to_be_bytes());
    bench.precompile("blake2f of 100,000 rounds", 9, blake);
    // EIP-4844: the polynomial x at z = 1, so that neither commitment nor proof is the point at infinity.
    let commitment =
        hex::decode("ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81")
            .expect("hex");
    let generator =
        hex::decode("97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb")
            .expect("hex");
    let mut versioned = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &commitment).as_ref().to_vec();
    versioned[0] = 1;
    let one = B256::with_last_byte(1).to_vec();
    bench.precompile("KZG point evaluation", 10, [versioned, one.clone(), one, commitment, generator].concat());
    let g1 = [
        padded("17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"),
        padded("08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"),
    ]
    .concat();
    let g2 = [
        padded("024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"),
        padded("13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"),
        padded("0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"),
        padded("0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be"),
    ]
    .concat();
    bench.precompile("BLS G1 add", 11, [g1.clone(), g1.clone()].concat());
    bench.precompile("BLS G1 MSM of 1", 12, [g1.clone(), vec![0x55; 32]].concat());
    bench.precompile("BLS G1 MSM of 64", 12, [g1.clone(), vec![0x55; 32]].concat().repeat(64));
    bench.precompile("BLS G2 add", 13, [g2.clone(), g2.clone()].concat());
    bench.precompile("BLS G2 MSM of 1", 14, [g2.clone(), vec![0x55; 32]].concat());
    bench.precompile("BLS G2 MSM of 64", 14, [g2.clone(), vec![0x55; 32]].concat().repeat(64));
    bench.precompile("BLS pairing of 1", 15, [g1.clone(), g2.clone()].concat());
    bench.precompile("BLS pairing of 8", 15, [g1, g2].concat().repeat(8));
    bench.precompile("BLS map to G1", 16, padded(&"07".repeat(48)));
    bench.precompile("BLS map to G2", 17, [padded(&"07".repeat(48)), padded(&"05".repeat(48))].concat());
    // EIP-7951's first valid vector (Wycheproof).
    let p256 = "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4da73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac\
                36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d604aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3\
                7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e";
    bench.precompile("P256VERIFY", 0x100, hex::decode(p256).expect("hex"));
    println!("worst: {:.0} ms for a full block", bench.worst);
}
