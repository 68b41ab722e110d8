use plan::*;
use purge::*;
pub struct Takedowns;
impl Takedowns {
    pub fn refuses(&self, _: &MasterId, _: Role, _: u64) -> Option<Terms> {
        None
    }
    pub fn refuses_labels(&self, _: &[Label], _: u64) -> Option<Terms> {
        None
    }
    pub fn refuses_exact(&self, _: &ExactName, _: u64) -> Option<Terms> {
        None
    }
    pub fn lift(&self, _: PurgeId) {}
}
