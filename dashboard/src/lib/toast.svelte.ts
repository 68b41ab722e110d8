// Short notes of what was done; also read out by screen readers.

interface Note {
  id: number
  text: string
}

const SHOWN_FOR = 5_000

class Toasts {
  notes = $state.raw<Note[]>([])
  #last = 0

  say(text: string): void {
    const note = { id: ++this.#last, text }
    this.notes = [...this.notes.slice(-2), note]
    setTimeout(() => this.dismiss(note.id), SHOWN_FOR)
  }

  dismiss(id: number): void {
    this.notes = this.notes.filter((note) => note.id !== id)
  }
}

export const toasts = new Toasts()
