use crate::geometry::Turn;
use crate::work::Work;

/// Notes the mirror.
pub(super) fn apply(horizontal: bool, vertical: bool, work: &mut Work) {
    work.turn(Turn::flip(horizontal, vertical));
}
