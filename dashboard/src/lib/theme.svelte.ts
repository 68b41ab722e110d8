// Light, dark, or as the system says. theme.js applies the choice before the first paint.

export type Choice = 'system' | 'light' | 'dark'

const KEY = 'afterimage-theme'

class Theme {
  choice = $state<Choice>(stored())
  #system = $state(matchMedia('(prefers-color-scheme: dark)').matches)

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
      this.#system = matches
    })
  }

  /** What is shown. */
  get shown(): 'light' | 'dark' {
    return this.choice === 'system' ? (this.#system ? 'dark' : 'light') : this.choice
  }

  choose(choice: Choice): void {
    this.choice = choice
    if (choice === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = choice
    try {
      if (choice === 'system') localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, choice)
    } catch {
      // Storage may be forbidden here; the choice then lasts as long as the page.
    }
  }
}

function stored(): Choice {
  const set = document.documentElement.dataset.theme
  return set === 'light' || set === 'dark' ? set : 'system'
}

export const theme = new Theme()

/** The colour that a token of app.css has now, for canvases, which know no custom properties. Read it anew when
 * `theme.shown` changes. */
export function colour(token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
