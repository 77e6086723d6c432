export * from "./comet.js";
import * as Comet from "./comet.js";
export default Comet;
