pub struct Zone { pub parent: u32, pub up_wh: u32, pub down_wh: u32, pub fee_micro: i64, pub given_wh: i64 }
pub struct Order { pub zone: u32, pub buys: bool, pub wh: u32, pub limit_micro: i64 }
pub struct SlotCleared { pub fill_wh: Vec<u32>, pub price_micro: Vec<i64>, pub up_wh: Vec<u32>, pub down_wh: Vec<u32>, pub welfare_nano: i128 }
pub fn clear(_: &[Zone], _: &[Order], _: i64) -> SlotCleared { todo!() }
