//! What it costs to read a URL: six that are usual in each dialect, from the raw target to the plan.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dialect::cloudimage::Cloudimage;
use dialect::imageboss::Imageboss;
use dialect::imagekit::Imagekit;
use dialect::imgix::Imgix;
use dialect::{Dialect, Settings, Target};

/// What it is called, and the URL.
type Named = (&'static str, &'static str);

const URLS: [(&dyn Dialect, [Named; 6]); 4] = [
    (
        &Imgix,
        [
            ("width", "/photos/2024/cat.jpg?w=400"),
            ("srcset", "/photos/2024/cat.jpg?ixlib=react-9.11.0&auto=format&fit=crop&w=640&h=360&dpr=2&q=50"),
            (
                "signed",
                "/images/b%C3%BCro%20&%20co/a%2Bb.jpg?auto=format%2Ccompress&ar=16%3A9&fit=crop&w=800&s=6754d5588197ba9eae3bf1144b494d9f",
            ),
            ("proxy", "/https%3A%2F%2Fexample.com%2Fa%20b%2Fc.jpg%3Fx%3D1%26y%3D2?w=100&fit=max"),
            (
                "mark",
                "/p.jpg?w=640&fit=crop&h=480&mark64=aHR0cHM6Ly9hc3NldHMuaW1naXgubmV0L2xvZ28ucG5n&mark-align=top,left&mark-pad=10&mark-w=0.2",
            ),
            (
                "text",
                "/p.jpg?w=640&blur=20&txt=Hello,+World!&txt-size=24&txt-color=fff&txt-align=middle,center&txt-font=serif,bold",
            ),
        ],
    ),
    (
        &Imagekit,
        [
            ("width", "/tr:w-400/photos/2024/cat.jpg"),
            ("srcset", "/photos/2024/cat.jpg?tr=w-640,h-360,dpr-2,q-50,f-auto&ik-sdk-version=react-1.1.0"),
            ("chained", "/tr:w-640,h-480,c-maintain_ratio,fo-center:rt-90:q-70/photos/cat.jpg"),
            ("crop", "/tr:w-300,h-300,cm-extract,x-10,y-20/photos/b%C3%BCro%20cat.jpg"),
            ("layer", "/tr:w-640,l-image,i-logo.png,w-100,lfo-bottom_right,o-80,l-end/photos/cat.jpg"),
            ("text", "/tr:w-640,l-text,i-Hello%20World,fs-24,co-FFFFFF,lfo-center,l-end/photos/cat.jpg"),
        ],
    ),
    (
        &Cloudimage,
        [
            ("width", "/v7/photos/2024/cat.jpg?w=400"),
            ("srcset", "/v7/photos/2024/cat.jpg?w=640&h=360&func=crop&dpr=2&q=50&ci_url_encoded=0"),
            ("bound", "/photos/cat.jpg?width=640&height=480&func=bound&org_if_sml=1&force_format=webp"),
            ("address", "/v7/https://example.com/a%20b/c.jpg?w=100&gravity=face"),
            ("mark", "/v7/cat.jpg?w=640&wat=1&wat_url=logo.png&wat_gravity=southeast&wat_scale=20&wat_opacity=0.8"),
            ("effects", "/v7/cat.jpg?w=640&blur=4&gray=1&contrast=10&bright=5&sharp=1&radius=20"),
        ],
    ),
    (
        &Imageboss,
        [
            ("width", "/mywebsite/width/400/photos/2024/cat.jpg"),
            ("cover", "/mywebsite/cover/640x360/photos/2024/cat.jpg"),
            ("options", "/mywebsite/cover:center/640x360/format:auto,dpr:2,quality:50/photos/cat.jpg"),
            ("height", "/mywebsite/height/300/blur:4,grayscale:true/photos/b%C3%BCro%20cat.jpg"),
            ("mark", "/mywebsite/width/640/wmk-path:%2Flogo.png,wmk-width:100,wmk-opacity:0.8/photos/cat.jpg"),
            ("original", "/mywebsite/cdn/photos/2024/cat.jpg"),
        ],
    ),
];

fn parse(criterion: &mut Criterion) {
    let settings = Settings::default();
    for (dialect, urls) in URLS {
        let mut group = criterion.benchmark_group(dialect.name());
        for (name, url) in urls {
            assert!(dialect.parse(Target::new(url), &settings).is_ok(), "{url}");
            group.bench_function(name, |bencher| {
                bencher.iter(|| dialect.parse(Target::new(black_box(url)), &settings).unwrap());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, parse);
criterion_main!(benches);
