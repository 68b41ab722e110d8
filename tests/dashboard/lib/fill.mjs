// Something on every page, by the API alone.

import { until } from './world.mjs'

const LAYERS = [[['w', '300'], { layer: 'image', steps: [[['i', 'bowl.png'], ['w', '90']]] }, { layer: 'text', steps: [[['i', 'Dogs']]] }], [['rt', '5']]]
/** Pages that show something only with more in their address. */
export const LOOKING = [
  `play?site=imagekit&asset=dogs.jpg&with=${encodeURIComponent(JSON.stringify(LAYERS))}`,
  'explain?url=%2Fimgix%2Fdogs.jpg%3Fw%3D120', 'explain?url=%2Fimgix%2Fportrait.jpg', 'play?site=imgix&asset=dogs.jpg&with=w%3D200%26sepia%3D50', 'play?site=imageboss&asset=dogs.jpg',
  ...['volume', 'optimisation', 'delivery', 'top', 'purges', 'sources'].map((view) => `analytics?range=1h&view=${view}`), 'logs?status=4xx', 'settings?search=memory',
]

/** Returns the id of a purge with several targets. */
export async function fill(world) {
  const names = ['cat.jpg', 'dogs.jpg', 'mountains.jpg', 'portrait.jpg', 'dandelions.jpg', 'bowl.png']
  for (const name of names) for (const target of [`/imgix/${name}?w=120`, `/imagekit/tr:w-240/${name}`, `/cloudimage/${name}?w=160`]) await fetch(world.pictures + target)
  const purge = async (order) => {
    const { status, body } = await world.call('POST', '/v1/purges', order)
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }
  const main = await purge({ targets: [{ url: '/imgix/cat.jpg' }, { url: '/imagekit/tr:w-240/dandelions.jpg' }, { master: 'local/bowl.png' }], wait: 'erased' })
  await purge({ targets: [{ prefix: 'local/products/summer-collection/2026/' }], mode: 'soft' })
  await purge({ targets: [{ url: '/imgix/mountains.jpg' }], mode: 'refresh', wait: 'refreshed' })
  await purge({ targets: [{ tag: 'product-4711' }] })
  await purge({ targets: [{ glob: 'local/products/**/front-*.jpg' }] })
  await purge({ targets: [{ url: '/imgix/portrait.jpg' }], mode: 'takedown', reason: 'The model withdrew her consent, ticket 4711' })
  await purge({ targets: [{ url: '/imgix/brushes-cmyk.jpg' }], mode: 'takedown', status: 410, expires_in: 86_400 })
  const lifted = await purge({ targets: [{ url: '/imgix/cat.gif' }], mode: 'takedown', reason: 'By mistake' })
  await world.call('DELETE', `/v1/takedowns/${lifted.id}`)
  await world.call('POST', '/v1/keys', { name: 'deploy', roles: ['purge'], monthly: 100_000 })
  await world.call('POST', '/v1/keys', { name: 'shop-cms-production', roles: ['purge', 'read'], sites: ['imgix'], within: ['local/products'], expires_at: new Date(Date.now() + 40 * 86_400_000).toISOString() })
  await world.call('POST', '/v1/keys', { name: 'ops', roles: ['admin', 'read'] })
  const { body } = await world.call('POST', '/v1/warmups', { list: '/imgix/dogs.jpg?w=210\n/imgix/dogs.jpg?w=220&auto=format' })
  await until('the warm-up is done', async () => (await world.call('GET', `/v1/warmups/${body.id}`)).body.state === 'done')
  return main.id
}
