/** What the build gives an address to. */
declare module "*.wasm?url" {
  const address: string;
  export default address;
}
