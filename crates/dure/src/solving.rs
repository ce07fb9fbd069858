//! How this program works clearings out, for `dure energy solve` and the town's solver.

use dure_rules::energy::book::Book;

/// The best clearing of a book, as a certificate.
///
/// # Errors
/// Why there is none.
pub fn find(book: &Book) -> Result<Vec<u8>, String> {
    let network = book.network();
    let flow = dure_solvers::solve(&network).map_err(|error| error.to_string())?;
    Ok(dure_solvers::certify(&network, &flow).map_err(|error| error.to_string())?.to_bytes())
}
