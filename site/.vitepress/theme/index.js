// Without the fonts of the default theme: those of the system spare 68 KB.
import Theme, { VPHomeFeatures, VPHomeHero } from 'vitepress/theme-without-fonts';
import { h } from 'vue';
import './style.css';

/** The layout "home" of the default theme has no landmark "main". */
const Front = () => h('main', { class: 'front' }, [h(VPHomeHero), h(VPHomeFeatures)]);

export default { extends: Theme, enhanceApp: ({ app }) => app.component('front', Front) };
