use plan::{Fixed, Mix};

use super::*;

fn linear(degrees: f64, stop: f64, from: Color, to: Color) -> Gradient {
    let shape = GradientShape::Linear { degrees: Fixed::new(degrees), stop: Fixed::new(stop) };
    Gradient { shape, from, to, mix: Mix::Srgb }
}

fn painted(gradient: &Gradient, canvas: Size) -> Vec<Vec<[u8; 4]>> {
    let paint = Paint::new(gradient, canvas);
    (0..canvas.h)
        .map(|y| {
            let mut row = vec![[0; 4]; canvas.w as usize];
            paint.row(0, y, &mut row);
            row
        })
        .collect()
}

#[test]
fn it_goes_where_it_is_told() {
    let (canvas, black, white) = (Size::new(90, 40), Color::BLACK, Color::WHITE);
    for (degrees, dark, light) in [
        (0.0, (45, 39), (45, 0)),
        (90.0, (0, 20), (89, 20)),
        (180.0, (45, 0), (45, 39)),
        (225.0, (89, 0), (0, 39)),
        (-45.0, (89, 39), (0, 0)),
    ] {
        let rows = painted(&linear(degrees, 1.0, black, white), canvas);
        let (dark, light) = (rows[dark.1][dark.0][0], rows[light.1][light.0][0]);
        assert!(dark <= 4 && light >= 251, "{degrees}: {dark} {light}");
        let middle = rows[20][45][0];
        assert!((120..=136).contains(&middle), "{degrees}: {middle}");
    }
    // At 45 degrees the middle colour runs through the middle at a right angle, whatever the canvas' shape.
    let rows = painted(&linear(45.0, 1.0, black, white), canvas);
    assert_eq!(rows[10][35], rows[30][55]);
}

#[test]
fn the_end_may_come_early() {
    let rows = painted(&linear(90.0, 0.5, Color::BLACK, Color::WHITE), Size::new(100, 1));
    assert!(rows[0][50..].iter().all(|p| *p == [255; 4]) && rows[0][48][0] < 252 && rows[0][25][0] == 130);
}

#[test]
fn steps_are_even() {
    // 1024 pixels for 256 levels: each level four pixels wide, but half as wide at both ends.
    let rows = painted(&linear(90.0, 1.0, Color::BLACK, Color::WHITE), Size::new(1024, 1));
    let mut widths = [0; 256];
    rows[0].iter().for_each(|p| widths[usize::from(p[0])] += 1);
    assert!(widths[1..255].iter().all(|w| (4..=5).contains(w)), "{widths:?}");
    assert!(rows[0].is_sorted());
}

#[test]
fn circles() {
    let center = (Fixed::new(0.5), Fixed::new(0.5));
    let radial = |inner, outer| Gradient {
        shape: GradientShape::Radial { center, inner, outer },
        from: Color::BLACK,
        to: Color::WHITE,
        mix: Mix::Srgb,
    };
    let rows = painted(&radial(Radius::Px(10), Radius::Share(Fixed::new(0.4))), Size::new(101, 101));
    let across: Vec<u8> = rows[50].iter().map(|p| p[0]).collect();
    assert_eq!((across[50], across[41], across[59], across[10], across[91]), (0, 0, 0, 252, 255));
    // Three tenths of the shorter side on the way, of which a third is gone.
    assert_eq!((across[70], rows[70][50][0]), (84, 84));
    let hard = painted(&radial(Radius::Px(20), Radius::Px(0)), Size::new(101, 101));
    let soft = hard.iter().flatten().filter(|p| !matches!(p[0], 0 | 255)).count();
    assert!((60..260).contains(&soft), "an edge of one pixel: {soft}");
}

#[test]
fn corners_have_their_own_colours() {
    let colors = [Color::BLACK, Color::WHITE, Color::rgb(255, 0, 0), Color::rgb(0, 0, 255).with_alpha(0)];
    let mut row = [[0; 4]; 5];
    mixed_corners(&colors, Size::new(5, 3), 0, 0, &mut row);
    assert_eq!([row[0], row[2], row[4]], [[0, 0, 0, 255], [128, 128, 128, 255], [255; 4]]);
    mixed_corners(&colors, Size::new(5, 3), 0, 2, &mut row);
    assert_eq!([row[0], row[2]], [[255, 0, 0, 255], [255, 0, 0, 128]]);
    assert_eq!(row[4][3], 0);
}
