//! The file, byte by byte. Numbers are big-endian and of fixed width, so that there is one way to write a proof.

use crate::{Certificate, Place, Receipt, Refused, Span, Subject};
use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::{B256, Bytes};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8] = b"dure proof 1";
/// Bytes of SHA-256 over everything before them, at the end.
pub const CHECKSUM_BYTES: usize = 8;
/// Largest file.
pub const FILE_MAX_BYTES: usize = 1 << 20;
/// Most headers from the block that is spoken of to the certified one.
const HEADERS_MAX: usize = 64;
const SIGNATURES_MAX: usize = 128;
const DIGESTS_MAX: usize = 192;
const NODES_MAX: usize = 16;

const HELD: u8 = 1;
const ABSENT: u8 = 2;
const RECEIPT: u8 = 3;
const LOG: u8 = 4;

/// What a file says, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Hash of block 0 of the chain.
    pub genesis: B256,
    /// RLP of the header that is spoken of, and of those after it up to the one that the certificate names.
    pub headers: Vec<Bytes>,
    pub certificate: Certificate,
    pub claim: Claim,
}

/// What a file claims of its first header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The subject held the span's value, where the span's key is the subject's; else nothing.
    State {
        subject: Subject,
        span: Span,
        place: Box<Place>,
    },
    Receipt(Receipt),
}

impl Proof {
    /// The file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.genesis);
        list(&mut out, &self.headers);
        let Certificate { epoch, view, parent_view, signatures } = &self.certificate;
        [epoch, view, parent_view].iter().for_each(|number| out.extend(number.to_be_bytes()));
        out.push(signatures.len() as u8);
        for (number, signature) in signatures {
            out.push(*number);
            out.extend(signature);
        }
        match &self.claim {
            Claim::State { subject, span, place } => {
                let held = span.key == subject.key();
                out.push(if held { HELD } else { ABSENT });
                out.push(subject.tag);
                bytes(&mut out, &subject.id);
                if !held {
                    out.extend(span.key);
                }
                bytes(&mut out, &span.value);
                out.extend(span.next_key);
                put_place(&mut out, place);
            }
            Claim::Receipt(receipt) => {
                out.push(if receipt.log_index.is_some() { LOG } else { RECEIPT });
                out.extend(receipt.index.to_be_bytes());
                receipt.log_index.iter().for_each(|index| out.extend(index.to_be_bytes()));
                list(&mut out, &receipt.transaction);
                list(&mut out, &receipt.receipt);
            }
        }
        out.extend(checksum(&out));
        out
    }

    /// Reads a file without checking what it claims.
    ///
    /// # Errors
    /// Where it is no file of this kind, is damaged, or is not written the one way.
    pub fn decode(file: &[u8]) -> Result<Self, Refused> {
        if file.len() > FILE_MAX_BYTES {
            return Err(Refused::TooMany { what: "bytes", most: FILE_MAX_BYTES });
        }
        if !file.starts_with(MAGIC) {
            return Err(Refused::NoProof);
        }
        let end = file.len().checked_sub(CHECKSUM_BYTES).ok_or(Refused::Length)?;
        let (body, sum) = file.split_at(end);
        if checksum(body) != sum {
            return Err(Refused::Damaged);
        }
        let mut reader = Reader(body.get(MAGIC.len()..).ok_or(Refused::Length)?);
        let genesis = reader.hash()?;
        let headers = reader.list("headers", HEADERS_MAX)?;
        let certificate = reader.certificate()?;
        let claim = reader.claim()?;
        if !reader.0.is_empty() {
            return Err(Refused::Length);
        }
        Ok(Self { genesis, headers, certificate, claim })
    }
}

/// The checksum of a file without it: a guard against accidents, not against intent.
pub fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(body);
    core::array::from_fn(|place| digest[place])
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend(bytes);
}

fn list(out: &mut Vec<u8>, all: &[Bytes]) {
    out.push(all.len() as u8);
    all.iter().for_each(|one| bytes(out, one));
}

fn put_place(out: &mut Vec<u8>, place: &Place) {
    out.extend(place.location.to_be_bytes());
    out.extend(place.leaves.to_be_bytes());
    out.push(place.inactive_peaks);
    out.push(place.digests.len() as u8);
    place.digests.iter().for_each(|digest| out.extend(digest));
    out.extend(place.chunk);
    out.extend(place.operations_root);
    out.push(u8::from(place.open_chunk.is_some()));
    place.open_chunk.iter().for_each(|digest| out.extend(digest));
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Refused::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        self.take(N)?.try_into().map_err(|_| Refused::Length)
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Refused> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn hash(&mut self) -> Result<B256, Refused> {
        Ok(B256::from(self.array()?))
    }

    fn bytes(&mut self) -> Result<Bytes, Refused> {
        let length = self.u32()? as usize;
        Ok(Bytes::copy_from_slice(self.take(length)?))
    }

    fn count(&mut self, what: &'static str, most: usize) -> Result<usize, Refused> {
        let count = usize::from(self.byte()?);
        if count > most { Err(Refused::TooMany { what, most }) } else { Ok(count) }
    }

    fn list(&mut self, what: &'static str, most: usize) -> Result<Vec<Bytes>, Refused> {
        (0..self.count(what, most)?).map(|_| self.bytes()).collect()
    }

    fn certificate(&mut self) -> Result<Certificate, Refused> {
        let (epoch, view, parent_view) = (self.u64()?, self.u64()?, self.u64()?);
        let count = self.count("signatures", SIGNATURES_MAX)?;
        let signatures = (0..count).map(|_| Ok((self.byte()?, self.array()?))).collect::<Result<Vec<_>, _>>()?;
        if signatures.windows(2).any(|pair: &[(u8, [u8; 64])]| pair[0].0 >= pair[1].0) {
            return Err(Refused::NotCanonical("signatures stand in the order of the validators, each once"));
        }
        Ok(Certificate { epoch, view, parent_view, signatures })
    }

    fn claim(&mut self) -> Result<Claim, Refused> {
        match self.byte()? {
            kind @ (HELD | ABSENT) => {
                let subject = Subject { tag: self.byte()?, id: self.bytes()? };
                let key = if kind == HELD { subject.key() } else { self.hash()? };
                if kind == ABSENT && key == subject.key() {
                    return Err(Refused::NotCanonical("a subject that holds something is not absent"));
                }
                let span = Span { key, value: self.bytes()?, next_key: self.hash()? };
                Ok(Claim::State { subject, span, place: Box::new(self.place()?) })
            }
            kind @ (RECEIPT | LOG) => Ok(Claim::Receipt(Receipt {
                index: self.u32()?,
                log_index: if kind == LOG { Some(self.u32()?) } else { None },
                transaction: self.list("nodes", NODES_MAX)?,
                receipt: self.list("nodes", NODES_MAX)?,
            })),
            kind => Err(Refused::Kind(kind)),
        }
    }

    fn place(&mut self) -> Result<Place, Refused> {
        let (location, leaves, inactive_peaks) = (self.u64()?, self.u64()?, self.byte()?);
        let count = self.count("digests", DIGESTS_MAX)?;
        let digests = (0..count).map(|_| self.hash()).collect::<Result<Vec<_>, _>>()?;
        let (chunk, operations_root) = (self.array()?, self.hash()?);
        let open_chunk = match self.byte()? {
            0 => None,
            1 => Some(self.hash()?),
            _ => return Err(Refused::NotCanonical("a mark is 0 or 1")),
        };
        Ok(Place { location, leaves, inactive_peaks, digests, chunk, operations_root, open_chunk })
    }
}
