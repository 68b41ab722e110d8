//! x
#![allow(clippy::print_stdout)]
use model::config::*;
use model::model::explore;
fn main(){
    let only: Vec<String> = std::env::args().skip(1).collect();
    for c in CONFIGS { 
        if !only.is_empty() && !only.iter().any(|o| o==c.name) {continue}
        let t=std::time::Instant::now(); let f=explore(c); println!("{} {} states depth {} {:?} unseen {:?}", c.name, f.states,f.depth,t.elapsed(), f.unseen);
        for (n,p) in &f.broken { println!("  BROKEN {n}"); for a in p.clone().into_actions() { println!("     {a:?}"); } }
    }
    for m in Mutant::ALL {
        if !only.is_empty() && !only.iter().any(|o| o==m.name()) {continue}
        let mut c=config(m.config()).unwrap(); c.mutant=Some(*m);
        let t=std::time::Instant::now(); let f=explore(c); println!("{} {} states depth {} {:?} {:?}", m.name(), f.states,f.depth,t.elapsed(), f.broken.iter().map(|b|(b.0, b.1.clone().into_actions().len())).collect::<Vec<_>>());
        if f.broken.iter().all(|b| b.0 != m.breaks().name()) { println!("   !!!!! expected {}", m.breaks().name()); }
    }
}
