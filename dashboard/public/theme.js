// The theme that was chosen in this browser, before the first paint; without one the system's applies.
try {
  const theme = localStorage.getItem('afterimage-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden here.
}
