// Who asks for a picture, as it stands in the address of the page that explains one.

/** What browsers accept: its short name, in words, and the field. The first is what most of them send. */
export const ACCEPTS = [
  ['', 'AVIF, WebP and older', 'image/avif,image/webp,*/*'],
  ['webp', 'WebP and older', 'image/webp,*/*'],
  ['basic', 'JPEG, PNG and GIF', '*/*'],
] as const

export interface Whom {
  /** A short name of ACCEPTS, or the field itself. */
  accept: string
  dpr: string
  width: string
  viewport_width: string
  /** `on`, or nothing. */
  save_data: string
}

export function readWhom(param: (name: string) => string): Whom {
  return { accept: param('accept'), dpr: param('dpr'), width: param('width'), viewport_width: param('viewport_width'), save_data: param('save_data') }
}

/** What the native API is asked with. */
export function askedAs({ accept, ...hints }: Whom): Record<string, string> {
  const given = Object.entries(hints).filter(([, value]) => value)
  return { accept: ACCEPTS.find(([name]) => name === accept)?.[2] ?? accept, ...Object.fromEntries(given) }
}

/** Whether anything was chosen. */
export const asWhom = (whom: Whom): boolean => Object.values(whom).some(Boolean)

const FIELDS: Record<string, string> = {
  accept: 'Accept', width: 'Width', dpr: 'DPR', 'sec-ch-width': 'Sec-CH-Width', 'sec-ch-dpr': 'Sec-CH-DPR', 'save-data': 'Save-Data',
}
const GIVEN: Record<string, string> = { width: 'the picture width', dpr: 'the pixel ratio', viewport_width: 'the window width', save_data: 'Save-Data' }

/** A header field as it is mostly written. */
export const fieldWords = (name: string): string => FIELDS[name] ?? name
/** What was filled in, by the name of its parameter. */
export const givenWords = (name: string): string => GIVEN[name] ?? name
