/** A style sheet as a text, as the pages' bundler hands it over. */
declare module '*.css' {
  const text: string;
  export default text;
}
