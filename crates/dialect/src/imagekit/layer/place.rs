//! Where a layer lies, and how it is mixed with what is below.

use plan::{Blend, Expr, Fixed, Horizontal, Length, Overlay, Shift, Vertical};

use crate::imagekit::lex::Token;
use crate::imagekit::meaning;
use crate::imagekit::said::{Edge, Layer, LayerMode};
use crate::request::{Warning, WarningKind};

/// One end, the middle, the other end of an axis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Near,
    Middle,
    Far,
}

/// One axis: which part of the layer is brought to which part of the picture below, and how far to the right or down
/// from there.
#[derive(Clone, Copy)]
struct Axis {
    layer: Part,
    below: Part,
    by: i32,
}

/// Places the overlay of a layer.
pub(super) fn settle(
    layer: &Layer,
    overlay: &mut Overlay,
    lengths: &mut Vec<(Length, Expr)>,
    warnings: &mut Vec<Warning>,
) {
    overlay.blend = match layer.mode {
        None => Blend::Normal,
        Some(LayerMode::Multiply) => Blend::Multiply,
        Some(LayerMode::Cutter) => Blend::Cutter,
        Some(LayerMode::Cutout) => Blend::Cutout,
        Some(LayerMode::Displace) => {
            // Here `lx` and `ly` say how far pixels move, not where the layer lies.
            let mut by = |key: &str, edge: Option<Edge>| match layer.lengths.get(key) {
                None => Fixed::new(edge.map_or(0.0, |edge| f64::from(signed(edge)))),
                Some(expr) => {
                    let token = Token { key, value: &expr.to_string() };
                    let allowed = "pixels where it is a displacement".to_owned();
                    warnings.push(meaning::warning(WarningKind::Unsupported, &token, allowed));
                    Fixed::ZERO
                }
            };
            overlay.blend = Blend::Displace { x: by("lx", layer.x), y: by("ly", layer.y) };
            return;
        }
    };
    if [layer.x, layer.y, layer.center_x, layer.center_y].iter().all(Option::is_none) {
        overlay.anchor = layer.focus.unwrap_or((Horizontal::Center, Vertical::Center));
        return;
    }
    let origin = layer.origin.map(|(column, row)| (part_of_column(column), part_of_row(row)));
    let x = axis(layer.x, layer.center_x, origin.map(|(column, _)| column));
    let y = axis(layer.y, layer.center_y, origin.map(|(_, row)| row));
    overlay.anchor = (column(x.layer), row(y.layer));
    overlay.origin = Some((column(x.below), row(y.below)));
    overlay.offset = (Shift::Px(x.by), Shift::Px(y.by));
    for (edge, center, length) in [("lx", "lxc", Length::X), ("ly", "lyc", Length::Y)] {
        let centered = if length == Length::X { layer.center_x } else { layer.center_y }.is_some();
        let expr = layer.lengths.get(if centered { center } else { edge });
        lengths.extend(expr.map(|expr| (length, expr.clone())));
    }
}

/// An axis without a distance of its own lies at the near edge: beside the other one, the relative place is ignored.
fn axis(edge: Option<Edge>, center: Option<Edge>, origin: Option<Part>) -> Axis {
    let (middle, said) = match (center, edge) {
        (Some(center), _) => (true, center),
        (None, edge) => (false, edge.unwrap_or(Edge { far: false, by: 0 })),
    };
    let by = signed(said);
    match origin {
        Some(below) => Axis { layer: if middle { Part::Middle } else { Part::Near }, below, by },
        None => {
            let below = if said.far { Part::Far } else { Part::Near };
            Axis { layer: if middle { Part::Middle } else { below }, below, by }
        }
    }
}

fn signed(edge: Edge) -> i32 {
    if edge.far { -i32::from(edge.by) } else { i32::from(edge.by) }
}

/// Says where an overlay lies, `None` where there are no words for it.
pub(super) fn say(layer: &mut Layer, overlay: &Overlay) -> Option<()> {
    let (anchor, offset) = (overlay.anchor, overlay.offset);
    layer.mode = match overlay.blend {
        Blend::Normal => None,
        Blend::Multiply => Some(LayerMode::Multiply),
        Blend::Cutter => Some(LayerMode::Cutter),
        Blend::Cutout => Some(LayerMode::Cutout),
        Blend::Displace { x, y } => {
            layer.mode = Some(LayerMode::Displace);
            layer.x = Some(edge(x.get() as i32)?).filter(|_| x != Fixed::ZERO);
            layer.y = Some(edge(y.get() as i32)?).filter(|_| y != Fixed::ZERO);
            return Some(());
        }
        _ => return None,
    };
    if offset == (Shift::NONE, Shift::NONE) && overlay.origin.is_none() {
        layer.focus = Some(anchor).filter(|anchor| *anchor != (Horizontal::Center, Vertical::Center));
        return Some(());
    }
    let (Shift::Px(x), Shift::Px(y)) = offset else { return None };
    let (at, below) = ((part_of_column(anchor.0), part_of_row(anchor.1)), overlay.origin);
    // Without an origin, a distance counts inwards.
    let (x, y) = match below {
        Some(_) => (x, y),
        None => (if at.0 == Part::Far { -x } else { x }, if at.1 == Part::Far { -y } else { y }),
    };
    let below = below.map_or(at, |(column, row)| (part_of_column(column), part_of_row(row)));
    let axes = (Axis { layer: at.0, below: below.0, by: x }, Axis { layer: at.1, below: below.1, by: y });
    if let (Some(x), Some(y)) = (from_edge(axes.0), from_edge(axes.1)) {
        say_axes(layer, x, y);
        return Some(());
    }
    layer.origin = Some((column(below.0), row(below.1)));
    let (x, y) = (from_origin(axes.0)?, from_origin(axes.1)?);
    say_axes(layer, x, y);
    Some(())
}

/// A distance, and whether it is that of the layer's centre.
type Said = (Edge, bool);

fn say_axes(layer: &mut Layer, (x, x_middle): Said, (y, y_middle): Said) {
    *(if x_middle { &mut layer.center_x } else { &mut layer.x }) = Some(x);
    *(if y_middle { &mut layer.center_y } else { &mut layer.y }) = Some(y);
}

/// As said without `lap`: inwards from an edge.
fn from_edge(axis: Axis) -> Option<Said> {
    let inwards = match axis.below {
        Part::Near => axis.by,
        Part::Far => -axis.by,
        Part::Middle => return None,
    };
    let by = u16::try_from(inwards).ok()?;
    let is_middle = axis.layer == Part::Middle;
    (is_middle || axis.layer == axis.below).then_some((Edge { far: axis.below == Part::Far, by }, is_middle))
}

/// As said beside `lap`: to the right and down.
fn from_origin(axis: Axis) -> Option<Said> {
    match axis.layer {
        Part::Far => None,
        part => Some((edge(axis.by)?, part == Part::Middle)),
    }
}

fn edge(by: i32) -> Option<Edge> {
    Some(Edge { far: by < 0, by: u16::try_from(by.unsigned_abs()).ok()? })
}

fn part_of_column(column: Horizontal) -> Part {
    match column {
        Horizontal::Left => Part::Near,
        Horizontal::Center => Part::Middle,
        Horizontal::Right => Part::Far,
    }
}

fn part_of_row(row: Vertical) -> Part {
    match row {
        Vertical::Top => Part::Near,
        Vertical::Center => Part::Middle,
        Vertical::Bottom => Part::Far,
    }
}

fn column(part: Part) -> Horizontal {
    match part {
        Part::Near => Horizontal::Left,
        Part::Middle => Horizontal::Center,
        Part::Far => Horizontal::Right,
    }
}

fn row(part: Part) -> Vertical {
    match part {
        Part::Near => Vertical::Top,
        Part::Middle => Vertical::Center,
        Part::Far => Vertical::Bottom,
    }
}
