/** A name that npm takes for a package, made of the name of its folder. */
export function packageName(folder: string): string {
  const legal = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
  return legal.slice(0, 214) || 'page-views'
}
