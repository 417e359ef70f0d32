/** Whether a text has no lone surrogates: UTF-8 can say it. */
export const isWellFormed = (text: string): boolean => (text as unknown as WellFormed).isWellFormed()

/** All Node releases that this runs on have it; the libraries that this is compiled against do not. */
interface WellFormed {
  isWellFormed(): boolean
}
