/** VitePress's theme without its fonts: the reader's own are used. */

import Theme from "vitepress/theme-without-fonts";
import "./style.css";

export default Theme;
