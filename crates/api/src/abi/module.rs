//! What every module may say before any rule is asked.

use alloy_sol_types::sol;

sol! {
    /// Errors that every module shares.
    #[sol(abi)]
    #[derive(Debug)]
    interface IModule {
        /// Modules act for their caller: borrowed code would act for the borrower.
        error DelegateCallNotAllowed();
        /// Modules take credits and no coin.
        error NotPayable();
        /// A STATICCALL may ask, not act.
        error StaticCallNotAllowed();
        /// No module stands at this address, though it is kept for one.
        error NotAModule(address at);
        /// The module has no such function.
        error UnknownSelector(bytes4 selector);
        /// The calldata is not the ABI encoding of that function's arguments.
        error Malformed();
    }
}
