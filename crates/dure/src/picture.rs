//! QR codes. A proof stands in one as the letters `DURE1:` and base45 (RFC 9285) after them: all of it is of the alphabet that a code packs
//! closest, and a reader gives it back letter by letter, which readers do not do with bytes.

use crate::say::Problem;
use qrcode::{
    EcLevel, QrCode,
    render::{svg, unicode},
};

/// What a proof in a code begins with.
const PROOF: &str = "DURE1:";
/// Pixels of a square.
const SQUARE_PX: u32 = 4;

/// The proof as a picture (SVG).
///
/// # Errors
/// Where the proof is larger than a code can be.
pub fn of_proof(file: &[u8]) -> Result<String, Problem> {
    let text = PROOF.to_owned() + &base45::encode(file);
    let code = QrCode::with_error_correction_level(&text, EcLevel::L)
        .map_err(|_| Problem::refused(format!("the proof has {} bytes, more than a QR code holds", file.len())))?;
    Ok(code.render::<svg::Color>().module_dimensions(SQUARE_PX, SQUARE_PX).build())
}

/// A link as a picture for a terminal.
///
/// # Errors
/// Where it is longer than a code can be.
pub fn of_link(link: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).map_err(Problem::fault)?;
    Ok(code.render::<unicode::Dense1x2>().quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of the largest code at the lowest correction (ISO/IEC 18004, table 7), of which three hold two bytes.
    const LETTERS_MAX: usize = 4_296;

    #[test]
    fn a_proof_fits_as_far_as_letters_go() {
        let most = (LETTERS_MAX - PROOF.len()) / 3 * 2;
        assert!(of_proof(&vec![0xff; most]).is_ok());
        assert!(of_proof(&vec![0xff; most + 1]).is_err());
    }

    #[test]
    fn letters_are_those_of_rfc_9285() {
        // Examples of its section 4.3.
        for (bytes, letters) in [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581")] {
            assert_eq!(base45::encode(bytes.as_bytes()), letters);
        }
    }
}
