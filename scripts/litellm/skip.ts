/** Why an entry is left out. Thrown, because it ends the conversion of its entry wherever it is found. */
export class Skip extends Error {
  override readonly name = "Skip";
}
